#include "Internal.h"

#include <stdio.h>

// The address is the registry key of the metatable of error tables.
const char moontide_error_key = 0;

// ---- Allocation ------------------------------------------------------------------------------

static void *allocate(void *context, void *block, size_t oldSize, size_t newSize) {
  moontide_host *host = context;
  // Without a block, Lua puts a type tag in the old size.
  if (!block) oldSize = 0;
  if (newSize == 0) {
    free(block);
    host->used -= oldSize;
    return NULL;
  }
  // A shrink must never fail.
  if (newSize > oldSize) {
    host->allocations += 1;
    // Lua tries once more after collecting garbage: that fails as well.
    int64_t late = host->allocations - host->failAt;
    if (host->failAt && (late == 0 || late == 1)) return NULL;
    if (host->limit && host->used + (newSize - oldSize) > host->limit) return NULL;
  }
  void *moved = realloc(block, newSize);
  if (!moved) return newSize <= oldSize ? block : NULL;
  host->used += newSize - oldSize;
  if (host->used > host->peak) host->peak = host->used;
  return moved;
}

static int panic(lua_State *lua) {
  const char *message = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : "unknown";
  fprintf(stderr, "moontide: an unprotected error in Lua: %s\n", message);
  abort();
}

moontide_host *moontide_open(moontide_body body, void *context, size_t limit) {
  moontide_host *host = calloc(1, sizeof *host);
  if (!host) return NULL;
  host->body = body;
  host->context = context;
  host->lua = lua_newstate(allocate, host);
  if (!host->lua) {
    free(host);
    return NULL;
  }
  host->limit = limit;
  // 0 means that a row is owned.
  host->loan = 1;
  *(moontide_host **)lua_getextraspace(host->lua) = host;
  lua_atpanic(host->lua, panic);
  lua_gc(host->lua, LUA_GCGEN, 0, 0);
  return host;
}

void moontide_close(moontide_host *host) {
  // Finalizers run now; a registered function called by one raises instead of reaching the host.
  host->body = NULL;
  lua_close(host->lua);
  free(host->freed);
  free(host);
}

moontide_host *moontide_host_of(lua_State *lua) {
  return *(moontide_host **)lua_getextraspace(lua);
}

// ---- The border ------------------------------------------------------------------------------

static int trampoline(lua_State *lua) {
  moontide_host *host = moontide_host_of(lua);
  if (!host->body) return luaL_error(lua, "the engine has gone");
  int results = host->body(lua, host->context, (int)lua_tointeger(lua, lua_upvalueindex(1)));
  if (results >= 0) return results;
  if (results == MOONTIDE_RAISE) return lua_error(lua);
  return luaL_error(lua, "not enough memory");
}

int moontide_protect(lua_State *lua, lua_CFunction step, void *argument, int results) {
  if (!lua_checkstack(lua, 3)) return MOONTIDE_NO_ROOM;
  lua_pushcfunction(lua, step);
  lua_pushlightuserdata(lua, argument);
  return lua_pcall(lua, 1, results, 0);
}

struct registration {
  const char *table, *name;
  int function;
};

static int register_step(lua_State *lua) {
  const struct registration *registration = lua_touserdata(lua, 1);
  luaL_getsubtable(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  luaL_getsubtable(lua, -1, registration->table);
  lua_pushinteger(lua, registration->function);
  lua_pushcclosure(lua, trampoline, 1);
  lua_setfield(lua, -2, registration->name);
  return 0;
}

int moontide_register(lua_State *lua, const char *module, const char *name, int function) {
  struct registration registration = {module, name, function};
  return moontide_protect(lua, register_step, &registration, 0);
}

// ---- Host objects ----------------------------------------------------------------------------

/// What a userdata of a host object holds.
struct object {
  const void *mark;
  uint32_t handle;
};

static const char object_mark = 0;

static int object_collected(lua_State *lua) {
  const struct object *object = lua_touserdata(lua, 1);
  if (!object || object->mark != &object_mark) return 0;
  moontide_host *host = moontide_host_of(lua);
  // Room was made when the object was.
  host->freed[host->freedCount++] = object->handle;
  host->objects -= 1;
  return 0;
}

static void push_class(lua_State *lua, const char *class) {
  if (!luaL_newmetatable(lua, class)) return;
  lua_pushcfunction(lua, object_collected);
  lua_setfield(lua, -2, "__gc");
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
}

static int register_metamethod_step(lua_State *lua) {
  const struct registration *registration = lua_touserdata(lua, 1);
  push_class(lua, registration->table);
  lua_pushinteger(lua, registration->function);
  lua_pushcclosure(lua, trampoline, 1);
  lua_setfield(lua, -2, registration->name);
  return 0;
}

int moontide_register_metamethod(
  lua_State *lua, const char *class, const char *name, int function) {
  struct registration registration = {class, name, function};
  return moontide_protect(lua, register_metamethod_step, &registration, 0);
}

static int register_method_step(lua_State *lua) {
  const struct registration *registration = lua_touserdata(lua, 1);
  push_class(lua, registration->table);
  luaL_getsubtable(lua, -1, "__index");
  lua_pushinteger(lua, registration->function);
  lua_pushcclosure(lua, trampoline, 1);
  lua_setfield(lua, -2, registration->name);
  return 0;
}

int moontide_register_method(lua_State *lua, const char *class, const char *name, int function) {
  struct registration registration = {class, name, function};
  return moontide_protect(lua, register_method_step, &registration, 0);
}

void moontide_push_object(lua_State *lua, uint32_t handle, const char *class) {
  moontide_host *host = moontide_host_of(lua);
  push_class(lua, class);
  if (host->objects + host->freedCount >= host->freedCapacity) {
    uint32_t capacity = host->freedCapacity ? host->freedCapacity * 2 : 16;
    uint32_t *freed = realloc(host->freed, capacity * sizeof *freed);
    if (!freed) luaL_error(lua, "not enough memory");
    host->freed = freed;
    host->freedCapacity = capacity;
  }
  struct object *object = lua_newuserdatauv(lua, sizeof *object, 0);
  *object = (struct object){&object_mark, handle};
  host->objects += 1;
  lua_rotate(lua, -2, 1);
  lua_setmetatable(lua, -2);
}

int64_t moontide_handle(lua_State *lua, int index) {
  if (lua_type(lua, index) != LUA_TUSERDATA || lua_rawlen(lua, index) < sizeof(struct object))
    return -1;
  const struct object *object = lua_touserdata(lua, index);
  return object->mark == &object_mark ? (int64_t)object->handle : -1;
}

// ---- Errors ----------------------------------------------------------------------------------

static int to_text(lua_State *lua) {
  luaL_tolstring(lua, 1, NULL);
  return 1;
}

static bool is_error_table(lua_State *lua, int index) {
  if (!lua_istable(lua, index)) return false;
  index = lua_absindex(lua, index);
  lua_pushliteral(lua, "class");
  lua_rawget(lua, index);
  bool found = lua_type(lua, -1) == LUA_TSTRING;
  lua_pop(lua, 1);
  return found;
}

static void push_error_metatable(lua_State *lua) {
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &moontide_error_key) != LUA_TTABLE) {
    lua_pop(lua, 1);
    lua_newtable(lua);
  }
}

/// Makes `{class = "LUA_ERROR", message = …, traceback = …}` of the error value at 1.
static void push_error_table(lua_State *lua, const char *traceback) {
  lua_createtable(lua, 0, 3);
  lua_pushliteral(lua, "LUA_ERROR");
  lua_setfield(lua, -2, "class");
  lua_pushcfunction(lua, to_text);
  lua_pushvalue(lua, 1);
  if (lua_pcall(lua, 1, 1, 0) != LUA_OK) {
    lua_pop(lua, 1);
    lua_pushfstring(lua, "a %s that cannot be shown", luaL_typename(lua, 1));
  }
  size_t size;
  const char *message = lua_tolstring(lua, -1, &size);
  if (size > MOONTIDE_MESSAGE) {
    lua_pushlstring(lua, message, MOONTIDE_MESSAGE);
    lua_remove(lua, -2);
  }
  lua_setfield(lua, -2, "message");
  if (traceback) {
    lua_pushstring(lua, traceback);
    lua_setfield(lua, -2, "traceback");
  }
  push_error_metatable(lua);
  lua_setmetatable(lua, -2);
}

/// The message handler of every protected call. `luaL_traceback` shows at most 22 levels.
static int with_traceback(lua_State *lua) {
  if (is_error_table(lua, 1)) return 1;
  luaL_traceback(lua, lua, NULL, 1);
  push_error_table(lua, lua_tostring(lua, -1));
  return 1;
}

static int normalise(lua_State *lua) {
  if (!is_error_table(lua, 1)) push_error_table(lua, NULL);
  return 1;
}

void moontide_normalise_error(lua_State *lua) {
  if (!lua_checkstack(lua, 4)) return;
  lua_pushcfunction(lua, normalise);
  lua_pushvalue(lua, -2);
  lua_pcall(lua, 1, 1, 0);
  lua_replace(lua, -2);
}

int moontide_call(lua_State *lua, int arguments, int results) {
  int handler = lua_gettop(lua) - arguments;
  if (!lua_checkstack(lua, 2)) {
    lua_settop(lua, handler - 1);
    return MOONTIDE_NO_ROOM;
  }
  lua_pushcfunction(lua, with_traceback);
  lua_insert(lua, handler);
  int status = lua_pcall(lua, arguments, results, handler);
  lua_remove(lua, handler);
  return status;
}

static void stop(lua_State *lua, lua_Debug *frame) {
  (void)frame;
  lua_sethook(lua, NULL, 0, 0);
  lua_pushliteral(lua, "interrupted!");
  lua_error(lua);
}

void moontide_interrupt(lua_State *lua) {
  // As Lua's own interpreter does: setting a hook is safe while the state runs.
  lua_sethook(lua, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

int moontide_load(lua_State *lua, const char *text, size_t size, const char *name) {
  return luaL_loadbufferx(lua, text, size, name, "t");
}

// ---- References ------------------------------------------------------------------------------

static int reference_step(lua_State *lua) {
  lua_pushinteger(lua, luaL_ref(lua, LUA_REGISTRYINDEX));
  return 1;
}

int moontide_reference(lua_State *lua, int index) {
  index = lua_absindex(lua, index);
  if (!lua_checkstack(lua, 2)) return MOONTIDE_NO_ROOM;
  lua_pushcfunction(lua, reference_step);
  lua_pushvalue(lua, index);
  return lua_pcall(lua, 1, 1, 0);
}

void moontide_release(lua_State *lua, int reference) {
  // Sets existing integer keys of the registry only, so it cannot need memory.
  luaL_unref(lua, LUA_REGISTRYINDEX, reference);
}

void moontide_push_reference(lua_State *lua, int reference) {
  lua_rawgeti(lua, LUA_REGISTRYINDEX, reference);
}

void moontide_push_globals(lua_State *lua) {
  lua_rawgeti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

static const char loaded_key = 0;

void moontide_push_loaded(lua_State *lua) {
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &loaded_key);
}

// ---- Libraries -------------------------------------------------------------------------------

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

int moontide_where(lua_State *lua) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(lua, level, &frame); level++) {
    lua_getinfo(lua, "Sl", &frame);
    if (frame.currentline <= 0 || strncmp(frame.source, "=moontide", 9) == 0) continue;
    const char *name = frame.source[0] == '@' || frame.source[0] == '='
      ? frame.source + 1 : frame.short_src;
    lua_pushfstring(lua, "%s:%d", name, frame.currentline);
    return 1;
  }
  lua_pushnil(lua);
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
  intptr_t kind = (intptr_t)lua_touserdata(lua, 1);
  if (kind == MOONTIDE_PURE) {
    moontide_open_pure(lua);
  } else {
    luaL_openlibs(lua);
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

int moontide_open_libraries(lua_State *lua, int kind) {
  return moontide_protect(lua, open_libraries_step, (void *)(intptr_t)kind, 0);
}
