#include "Internal.h"

// What the states of each kind are opened with.

static const char loaded_key = 0;

void moontide_push_loaded(lua_State *lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &loaded_key);
}

/// `native.seterrormetatable(t)`: the metatable that error tables made here get.
static int set_error_metatable(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  lua_settop(lua, 1);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &moontide_error_key);
  return 0;
}

static int null_text(lua_State *lua) {
  if (lua_touserdata(lua, 1) == NULL) lua_pushliteral(lua, "null");
  else lua_pushfstring(lua, "userdata: %p", lua_touserdata(lua, 1));
  return 1;
}

/// `moontide.native`: what the embedded library needs from C in every kind of state.
static int open_native(lua_State *lua) {
  static const luaL_Reg functions[] = {
    {"where", moontide_where}, {"setErrorMetatable", set_error_metatable}, {NULL, NULL}};
  luaL_newlib(lua, functions);
  lua_pushlightuserdata(lua, NULL);
  lua_createtable(lua, 0, 2);
  lua_pushcfunction(lua, null_text);
  lua_setfield(lua, -2, "__tostring");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_setmetatable(lua, -2);
  lua_setfield(lua, -2, "null");
  return 1;
}

static int open_libraries_step(lua_State *lua) {
  if (moontide_host_of(lua)->isPure) {
    moontide_open_pure(lua);
  } else {
    luaL_openlibs(lua);
    moontide_open_coroutines(lua);
    // After `package.preload`, before the script's own path.
    lua_getglobal(lua, "package");
    lua_getfield(lua, -1, "searchers");
    for (lua_Integer last = luaL_len(lua, -1); last >= 2; last--) {
      lua_rawgeti(lua, -1, last);
      lua_rawseti(lua, -2, last + 1);
    }
    lua_pushcfunction(lua, moontide_search_embedded);
    lua_rawseti(lua, -2, 2);
    lua_pop(lua, 2);
  }
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &loaded_key);
  luaL_requiref(lua, "moontide.native", open_native, 0);
  return 0;
}

int moontide_open_libraries(lua_State *lua) {
  return moontide_protect(lua, open_libraries_step, NULL, 0);
}
