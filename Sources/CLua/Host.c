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

moontide_host *moontide_open(int kind, moontide_body body, void *context, size_t limit) {
  moontide_host *host = calloc(1, sizeof *host);
  struct running *running = malloc(sizeof *running);
  host->lua = host && running ? lua_newstate(allocate, host) : NULL;
  if (!host || !host->lua) {
    free(running);
    free(host);
    return NULL;
  }
  host->body = body;
  host->context = context;
  host->isPure = kind == MOONTIDE_PURE;
  *running = (struct running){host->lua, NULL};
  host->running = running;
  host->limit = limit;
  // 0 means that a row is owned.
  host->loan = 1;
  *(moontide_host **)lua_getextraspace(host->lua) = host;
  lua_atpanic(host->lua, panic);
  lua_gc(host->lua, LUA_GCGEN, 0, 0);
  moontide_enlist(host);
  return host;
}

void moontide_close(moontide_host *host) {
  moontide_delist(host);
  // Finalizers run now; a registered function called by one raises instead of reaching the host.
  host->body = NULL;
  lua_close(host->lua);
  free(host->running);
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

/// A protected call under the watchdog's eyes.
static int watched(lua_State *lua, int arguments, int results, int handler) {
  moontide_host *host = moontide_host_of(lua);
  struct activity activity;
  moontide_begin(&activity, host);
  int status = lua_pcall(lua, arguments, results, handler);
  if (status == LUA_ERRMEM || (status != LUA_OK && host->isExhausted)) {
    host->isExhausted = host->isSpent = true;
  }
  moontide_end(&activity);
  return status;
}

int moontide_guarded(lua_State *lua, int arguments, int results) {
  return watched(lua, arguments, results, 0);
}

int moontide_protect(lua_State *lua, lua_CFunction step, void *argument, int results) {
  if (!lua_checkstack(lua, 3)) return MOONTIDE_NO_ROOM;
  lua_pushcfunction(lua, step);
  lua_pushlightuserdata(lua, argument);
  return moontide_guarded(lua, 1, results);
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

bool moontide_is_error(lua_State *lua, int index) {
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
  if (moontide_is_error(lua, 1)) return 1;
  luaL_traceback(lua, lua, NULL, 1);
  push_error_table(lua, lua_tostring(lua, -1));
  return 1;
}

/// The string `name` of the table at 1 goes, shortened, to the table at `to`.
static void copy_text(lua_State *lua, int from, const char *name, int to) {
  lua_pushstring(lua, name);
  size_t size;
  const char *text = lua_rawget(lua, from) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : NULL;
  if (text) {
    lua_pushlstring(lua, text, size < MOONTIDE_MESSAGE ? size : MOONTIDE_MESSAGE);
    lua_setfield(lua, to, name);
  }
  lua_pop(lua, 1);
}

static void copy_details(lua_State *lua, int from, int to) {
  lua_pushliteral(lua, "details");
  if (lua_rawget(lua, from) == LUA_TTABLE) {
    int details = lua_gettop(lua);
    lua_createtable(lua, 8, 0);
    for (int i = 1; i <= MOONTIDE_TRACEBACK; i++) {
      size_t size;
      lua_rawgeti(lua, details, i);
      const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &size) : NULL;
      if (!text) break;
      lua_pushlstring(lua, text, size < MOONTIDE_MESSAGE ? size : MOONTIDE_MESSAGE);
      lua_rawseti(lua, details + 1, i);
      lua_settop(lua, details + 1);
    }
    lua_settop(lua, details + 1);
    lua_setfield(lua, to, "details");
  }
  lua_settop(lua, to);
}

/// The most causes that an error is shown with.
enum { CAUSES = 8 };

/// Pushes a copy of the error table at `from` that holds what errors have, and no more of it than a
/// person reads: the table is the user's, who may have put anything there.
static void push_reduced(lua_State *lua, int from, int depth) {
  luaL_checkstack(lua, 8, NULL);
  lua_createtable(lua, 0, 6);
  int to = lua_gettop(lua);
  static const char *const texts[] = {
    "class", "message", "hint", "where", "traceback", NULL};
  for (const char *const *name = texts; *name; name++) copy_text(lua, from, *name, to);
  copy_details(lua, from, to);
  lua_pushliteral(lua, "cause");
  int type = lua_rawget(lua, from);
  if (type == LUA_TSTRING) {
    lua_pop(lua, 1);
    copy_text(lua, from, "cause", to);
  } else if (type == LUA_TTABLE && depth < CAUSES) {
    push_reduced(lua, to + 1, depth + 1);
    lua_setfield(lua, to, "cause");
  }
  lua_settop(lua, to);
}

static int normalise(lua_State *lua) {
  if (moontide_is_error(lua, 1)) push_reduced(lua, 1, 0);
  else push_error_table(lua, NULL);
  return 1;
}

/// Bytes beyond a state's limit for telling what went wrong.
enum { RESERVE = 256 << 10 };

void moontide_normalise_error(lua_State *lua) {
  if (!lua_checkstack(lua, 4)) return;
  moontide_host *host = moontide_host_of(lua);
  size_t limit = host->limit;
  if (limit) host->limit = (host->used > limit ? host->used : limit) + RESERVE;
  lua_pushcfunction(lua, normalise);
  lua_pushvalue(lua, -2);
  moontide_guarded(lua, 1, 1);
  host->limit = limit;
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
  int status = watched(lua, arguments, results, handler);
  lua_remove(lua, handler);
  return status;
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
  return moontide_guarded(lua, 1, 1);
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

// ---- Where the code that runs is ----------------------------------------------------------------

int moontide_where_from(lua_State *lua, int level) {
  lua_Debug frame;
  for (; lua_getstack(lua, level, &frame); level++) {
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

int moontide_where(lua_State *lua) { return moontide_where_from(lua, 1); }
