#pragma once
#include "CLua.h"

#include <stdlib.h>
#include <string.h>

/// Runs `step` with `argument` inside one protected call.
int moontide_protect(lua_State *lua, lua_CFunction step, void *argument, int results);

/// The searcher of embedded modules, put after `package.preload`.
int moontide_search_embedded(lua_State *lua);

/// Pushes the origin of the running call: the nearest frame that is not the embedded library's.
int moontide_where(lua_State *lua);

/// Opens the allow-listed libraries of pure states.
void moontide_open_pure(lua_State *lua);

/// Gives the table at `index` the metatable on the stack top, which it pops: as it is, or in pure
/// states as a sealed copy of its allowed metamethods.
void moontide_set_metatable(lua_State *lua, int index);

extern const char moontide_error_key;
