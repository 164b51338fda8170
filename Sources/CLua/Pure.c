#include "Internal.h"

#include <time.h>

// Pure states: the allow-list of what a function may reach whose results feed the query, so that
// running a batch again gives the same rows, and so that the memory-safety bugs of Lua 5.4.4 stay
// out of reach: no finalizers, weak tables, `__concat`, `coroutine.close` or bytecode.

// Registry keys: original metatable → sealed one (only in pure states); Lua's own `randomseed`.
static const char seals_key = 0, seed_key = 0;
// In a sealed metatable: the original. In that of a frozen library: the library.
static const char original_key = 0, frozen_key = 0;

// ---- Metatables ------------------------------------------------------------------------------

static const char *const metamethods[] = {
  "__index", "__newindex", "__call", "__eq", "__lt", "__le", "__len", "__tostring", "__name",
  "__close", "__pairs", "__unm", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv",
  "__band", "__bor", "__bxor", "__bnot", "__shl", "__shr", NULL};

static bool is_allowed(const char *name) {
  for (const char *const *allowed = metamethods; *allowed; allowed++)
    if (strcmp(name, *allowed) == 0) return true;
  return false;
}

/// Replaces the metatable on the stack top by its sealed copy, brought up to date.
static void seal(lua_State *lua) {
  int original = lua_gettop(lua);
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &seals_key);
  lua_pushvalue(lua, original);
  if (lua_rawget(lua, -2) != LUA_TTABLE) {
    lua_pop(lua, 1);
    lua_newtable(lua);
    lua_pushvalue(lua, original);
    lua_rawsetp(lua, -2, &original_key);
    lua_pushvalue(lua, original);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, original + 1);
  }
  int sealed = lua_gettop(lua);
  for (lua_pushnil(lua); lua_next(lua, original);) {
    if (lua_type(lua, -2) == LUA_TSTRING && is_allowed(lua_tostring(lua, -2))) {
      lua_pushvalue(lua, -2);
      lua_insert(lua, -2);
      lua_rawset(lua, sealed);
    } else {
      lua_pop(lua, 1);
    }
  }
  lua_replace(lua, original);
  lua_settop(lua, original);
}

void moontide_set_metatable(lua_State *lua, int index) {
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &seals_key) == LUA_TTABLE) {
    lua_pop(lua, 1);
    seal(lua);
  } else {
    lua_pop(lua, 1);
  }
  lua_setmetatable(lua, index);
}

/// Pushes the metatable as the script knows it; false if there is none.
static bool push_metatable(lua_State *lua, int index) {
  if (!lua_getmetatable(lua, index)) return false;
  if (lua_rawgetp(lua, -1, &original_key) == LUA_TNIL) lua_pop(lua, 1);
  else lua_remove(lua, -2);
  return true;
}

static int pure_getmetatable(lua_State *lua) {
  luaL_checkany(lua, 1);
  if (!push_metatable(lua, 1)) {
    lua_pushnil(lua);
    return 1;
  }
  lua_pushliteral(lua, "__metatable");
  if (lua_rawget(lua, -2) == LUA_TNIL) lua_pop(lua, 1);
  return 1;
}

static int pure_setmetatable(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_argexpected(lua, lua_isnil(lua, 2) || lua_istable(lua, 2), 2, "nil or table");
  lua_settop(lua, 2);
  if (push_metatable(lua, 1)) {
    lua_pushliteral(lua, "__metatable");
    if (lua_rawget(lua, -2) != LUA_TNIL)
      return luaL_error(lua, "cannot change a protected metatable");
    lua_settop(lua, 2);
  }
  if (lua_istable(lua, 2)) seal(lua);
  lua_setmetatable(lua, 1);
  return 1;
}

// ---- Base library ----------------------------------------------------------------------------

/// The most bytes that `load` compiles: no hook reaches the compiler.
enum { MOST_CODE = 1 << 20 };

/// Gives `load` its pieces: calls the function at 1 of its caller's stack.
static const char *next_piece(lua_State *lua, void *read, size_t *size) {
  luaL_checkstack(lua, 2, "too many nested functions");
  lua_pushvalue(lua, 1);
  lua_call(lua, 0, 1);
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    *size = 0;
    return NULL;
  }
  if (!lua_isstring(lua, -1)) luaL_error(lua, "reader function must return a string");
  // Kept at 5, where the parser may read it until the next piece.
  lua_replace(lua, 5);
  const char *piece = lua_tolstring(lua, 5, size);
  *(size_t *)read += *size;
  if (*(size_t *)read > MOST_CODE) luaL_error(lua, "a chunk of more than 1 MiB");
  return piece;
}

/// Pushes the globals of the function that called: each that arrived in this state has its own.
static void push_globals_of_caller(lua_State *lua) {
  lua_Debug frame;
  if (lua_getstack(lua, 1, &frame) && lua_getinfo(lua, "f", &frame)) {
    const char *name;
    int function = lua_gettop(lua);
    for (int i = 1; (name = lua_getupvalue(lua, function, i)); i++) {
      if (strcmp(name, "_ENV") == 0) {
        lua_remove(lua, function);
        return;
      }
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
  }
  lua_pushglobaltable(lua);
}

/// `load` of text only.
static int pure_load(lua_State *lua) {
  bool hasEnvironment = !lua_isnone(lua, 4);
  lua_settop(lua, 5);
  size_t size;
  const char *text = lua_tolstring(lua, 1, &size);
  const char *name = luaL_optstring(lua, 2, text ? text : "=(load)");
  int status;
  if (text && size > MOST_CODE) {
    lua_pushliteral(lua, "a chunk of more than 1 MiB");
    status = LUA_ERRSYNTAX;
  } else if (text) {
    status = luaL_loadbufferx(lua, text, size, name, "t");
  } else {
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    size_t read = 0;
    status = lua_load(lua, next_piece, &read, name, "t");
  }
  if (status != LUA_OK) {
    if (status == LUA_ERRMEM) moontide_host_of(lua)->isExhausted = true;
    if (moontide_host_of(lua)->isExhausted) return lua_error(lua);
    // What the compiler raises has been through the call's message handler.
    if (moontide_is_error(lua, -1)) lua_getfield(lua, -1, "message");
    lua_pushnil(lua);
    lua_insert(lua, -2);
    return 2;
  }
  if (hasEnvironment) lua_pushvalue(lua, 4);
  else push_globals_of_caller(lua);
  if (!lua_setupvalue(lua, -2, 1)) lua_pop(lua, 1);
  return 1;
}

/// `rawset`, but not into a library.
static int pure_rawset(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  luaL_checkany(lua, 2);
  luaL_checkany(lua, 3);
  lua_settop(lua, 3);
  if (lua_getmetatable(lua, 1)) {
    if (lua_rawgetp(lua, -1, &frozen_key) != LUA_TNIL)
      return luaL_error(lua, "a library of a worker cannot be changed");
    lua_settop(lua, 3);
  }
  lua_rawset(lua, 1);
  return 1;
}

static int pure_collectgarbage(lua_State *lua) {
  const char *option = luaL_optstring(lua, 1, "collect");
  if (strcmp(option, "count") == 0) {
    lua_pushnumber(lua, (lua_Number)moontide_host_of(lua)->used / 1024);
  } else if (strcmp(option, "collect") == 0 || strcmp(option, "step") == 0) {
    lua_gc(lua, LUA_GCCOLLECT);
    lua_pushinteger(lua, 0);
  } else {
    return luaL_error(lua, "collectgarbage('%s') is not available in a worker", option);
  }
  return 1;
}

// ---- Time and chance, from the batch ---------------------------------------------------------

static int pure_clock(lua_State *lua) {
  lua_pushnumber(lua, (lua_Number)moontide_host_of(lua)->batchTimeUs / 1e6);
  return 1;
}

static int64_t batch_seconds(lua_State *lua) {
  int64_t us = moontide_host_of(lua)->batchTimeUs;
  return us / 1000000 - (us % 1000000 < 0);
}

static int date_field(lua_State *lua, const char *name, int otherwise) {
  int known;
  lua_getfield(lua, 1, name);
  lua_Integer value = lua_tointegerx(lua, -1, &known);
  if (!known) {
    if (!lua_isnil(lua, -1)) return luaL_error(lua, "field '%s' is not an integer", name);
    if (otherwise < 0) return luaL_error(lua, "field '%s' missing in date table", name);
    value = otherwise;
  }
  lua_pop(lua, 1);
  if (value < -1000000000 || value > 1000000000)
    return luaL_error(lua, "field '%s' is out-of-bound", name);
  return (int)value;
}

/// `os.time`: the batch's time, or that of a table, read as UTC.
static int pure_time(lua_State *lua) {
  if (lua_isnoneornil(lua, 1)) {
    lua_pushinteger(lua, batch_seconds(lua));
    return 1;
  }
  luaL_checktype(lua, 1, LUA_TTABLE);
  struct tm date = {
    .tm_year = date_field(lua, "year", -1) - 1900, .tm_mon = date_field(lua, "month", -1) - 1,
    .tm_mday = date_field(lua, "day", -1), .tm_hour = date_field(lua, "hour", 12),
    .tm_min = date_field(lua, "min", 0), .tm_sec = date_field(lua, "sec", 0)};
  lua_pushinteger(lua, timegm(&date));
  return 1;
}

/// `os.date` in UTC; without a time, of the batch. Upvalue 1 is Lua's own.
static int pure_date(lua_State *lua) {
  const char *format = luaL_optstring(lua, 1, "%c");
  lua_Integer seconds = luaL_opt(lua, luaL_checkinteger, 2, batch_seconds(lua));
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushfstring(lua, format[0] == '!' ? "%s" : "!%s", format);
  lua_pushinteger(lua, seconds);
  lua_call(lua, 2, 1);
  return 1;
}

/// `math.randomseed` needs its seed; without one it would not be repeatable.
static int pure_randomseed(lua_State *lua) {
  if (lua_isnoneornil(lua, 1)) return 0;
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &seed_key);
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
  return lua_gettop(lua);
}

static int begin_batch_step(lua_State *lua) {
  const uint64_t *seeds = lua_touserdata(lua, 1);
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &seed_key) == LUA_TNIL) return 0;
  lua_pushinteger(lua, (lua_Integer)seeds[0]);
  lua_pushinteger(lua, (lua_Integer)seeds[1]);
  lua_call(lua, 2, 0);
  return 0;
}

int moontide_begin_batch(lua_State *lua, int64_t timeUs, uint64_t seed, uint64_t stream) {
  moontide_host_of(lua)->batchTimeUs = timeUs;
  uint64_t seeds[2] = {seed, stream};
  return moontide_protect(lua, begin_batch_step, seeds, 0);
}

// ---- Libraries that stay as they are ---------------------------------------------------------

static int refuse_change(lua_State *lua) {
  return luaL_error(
    lua, "the library `%s` of a worker cannot be changed",
    lua_tostring(lua, lua_upvalueindex(1)));
}

/// `__pairs` of a library: upvalue 1 is the library.
static int frozen_pairs(lua_State *lua) {
  lua_getglobal(lua, "next");
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_pushnil(lua);
  return 3;
}

/// Replaces the library on the stack top by an empty table through which it is read.
static void freeze(lua_State *lua, const char *name) {
  int library = lua_gettop(lua);
  lua_newtable(lua);
  lua_createtable(lua, 0, 5);
  lua_pushvalue(lua, library);
  lua_setfield(lua, -2, "__index");
  lua_pushstring(lua, name);
  lua_pushcclosure(lua, refuse_change, 1);
  lua_setfield(lua, -2, "__newindex");
  lua_pushvalue(lua, library);
  lua_pushcclosure(lua, frozen_pairs, 1);
  lua_setfield(lua, -2, "__pairs");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
  lua_pushvalue(lua, library);
  lua_rawsetp(lua, -2, &frozen_key);
  lua_setmetatable(lua, -2);
  lua_replace(lua, library);
}

static int freeze_step(lua_State *lua) {
  static const char *const names[] = {
    "string", "table", "math", "utf8", "coroutine", "os", "package", NULL};
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (const char *const *name = names; *name; name++) {
    if (lua_getfield(lua, -1, *name) != LUA_TTABLE) {
      lua_pop(lua, 1);
      continue;
    }
    freeze(lua, *name);
    lua_pushvalue(lua, -1);
    lua_setglobal(lua, *name);
    lua_setfield(lua, -2, *name);
  }
  return 0;
}

int moontide_freeze(lua_State *lua) { return moontide_protect(lua, freeze_step, NULL, 0); }

// ---- Opening ---------------------------------------------------------------------------------

/// Finds Lua modules on `package.path`, as text.
static int search_path(lua_State *lua) {
  luaL_checkstring(lua, 1);
  lua_getfield(lua, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(lua, 1);
  lua_getfield(lua, lua_upvalueindex(1), "path");
  lua_call(lua, 2, 2);
  if (lua_isnil(lua, -2)) return 1;
  const char *file = lua_tostring(lua, -2);
  if (luaL_loadfilex(lua, file, "t") != LUA_OK)
    return luaL_error(
      lua, "error loading module '%s' from file '%s':\n\t%s", lua_tostring(lua, 1), file,
      lua_tostring(lua, -1));
  lua_pushstring(lua, file);
  return 2;
}

static void remove_fields(lua_State *lua, const char *library, const char *const *names) {
  lua_getglobal(lua, library);
  for (; *names; names++) {
    lua_pushnil(lua);
    lua_setfield(lua, -2, *names);
  }
  lua_pop(lua, 1);
}

static void open_package(lua_State *lua) {
  luaL_requiref(lua, LUA_LOADLIBNAME, luaopen_package, 1);
  lua_newtable(lua);
  lua_getfield(lua, -2, "searchers");
  lua_rawgeti(lua, -1, 1);
  lua_rawseti(lua, -3, 1);
  lua_pop(lua, 1);
  lua_pushcfunction(lua, moontide_search_embedded);
  lua_rawseti(lua, -2, 2);
  lua_pushvalue(lua, -2);
  lua_pushcclosure(lua, search_path, 1);
  lua_rawseti(lua, -2, 3);
  lua_setfield(lua, -2, "searchers");
  lua_pop(lua, 1);
  remove_fields(lua, "package", (const char *const[]){"loadlib", "cpath", NULL});
}

static void open_os(lua_State *lua) {
  lua_pushcfunction(lua, luaopen_os);
  lua_call(lua, 0, 1);
  lua_newtable(lua);
  lua_getfield(lua, -2, "difftime");
  lua_setfield(lua, -2, "difftime");
  lua_getfield(lua, -2, "date");
  lua_pushcclosure(lua, pure_date, 1);
  lua_setfield(lua, -2, "date");
  static const luaL_Reg functions[] = {{"time", pure_time}, {"clock", pure_clock}, {NULL, NULL}};
  luaL_setfuncs(lua, functions, 0);
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(lua, -2);
  lua_setfield(lua, -2, "os");
  lua_pop(lua, 1);
  lua_setglobal(lua, "os");
  lua_pop(lua, 1);
}

void moontide_open_pure(lua_State *lua) {
  static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base}, {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
    {LUA_MATHLIBNAME, luaopen_math}, {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_UTF8LIBNAME, luaopen_utf8}, {NULL, NULL}};
  for (const luaL_Reg *library = libraries; library->name; library++) {
    luaL_requiref(lua, library->name, library->func, 1);
    lua_pop(lua, 1);
  }
  open_package(lua);
  open_os(lua);
  remove_fields(lua, "_G", (const char *const[]){"dofile", "loadfile", "warn", NULL});
  remove_fields(lua, "string", (const char *const[]){"dump", NULL});
  remove_fields(lua, "coroutine", (const char *const[]){"close", NULL});

  lua_getglobal(lua, "math");
  lua_getfield(lua, -1, "randomseed");
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &seed_key);
  lua_pushcfunction(lua, pure_randomseed);
  lua_setfield(lua, -2, "randomseed");

  static const luaL_Reg functions[] = {
    {"setmetatable", pure_setmetatable}, {"getmetatable", pure_getmetatable},
    {"load", pure_load}, {"rawset", pure_rawset}, {"collectgarbage", pure_collectgarbage},
    {NULL, NULL}};
  lua_pushglobaltable(lua);
  luaL_setfuncs(lua, functions, 0);
  moontide_open_coroutines(lua);
  moontide_open_text(lua);
  moontide_open_tables(lua);

  // Strings share one metatable, which must stay what it is.
  lua_pushliteral(lua, "");
  lua_getmetatable(lua, -1);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");

  // Sealed copies live as long as their originals.
  lua_newtable(lua);
  lua_createtable(lua, 0, 1);
  lua_pushliteral(lua, "k");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &seals_key);
  lua_settop(lua, 0);
}
