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

// ---- Rows.c for Calls.c; all but the first may raise ---------------------------------------

/// Whether the value at a place of the buffers is NULL.
bool moontide_is_null(const moontide_column *column, int64_t at);

/// Strings of a column that are remembered in a batch, so that a repeated one is not hashed and
/// interned by Lua again.
enum { MOONTIDE_CACHE = 256 };

/// Pushes a string through the cache, whose Lua strings lie in the table at `table`.
void moontide_push_cached(lua_State *lua, const moontide_column *column, int64_t at, int table);

/// Pushes a value. NULL is nil, and `moontide.null` inside an array or map.
void moontide_push_cell(
  lua_State *lua, const moontide_column *column, int64_t row, bool isInner);

/// Pushes a row that is lent until the state's `loan` changes.
void moontide_push_row(lua_State *lua, const moontide_rows *rows, int64_t row);
void moontide_push_group(
  lua_State *lua, const moontide_rows *rows, int64_t first, int64_t count);
bool moontide_is_row(lua_State *lua, int index);

/// A row given back by a function becomes a list of its values.
void moontide_row_to_list(lua_State *lua, int index);
