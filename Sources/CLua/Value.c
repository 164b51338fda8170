#include "Internal.h"

// Reads values written by the host, with identity where the tag gives a number: pushes results,
// arguments and errors, and rebuilds functions in worker states. The bytes come from this process;
// still, every length is checked, so that our own mistake ends in an error and not in a crash.

struct input {
  const uint8_t *at, *end;
  /// Stack indices, for functions on their way: the table number → value met, the function's
  /// globals, and the list of tables and metatables to be joined when all are whole.
  int seen, environment, pending;
  int depth;
  int count;
};

static const uint8_t *take(lua_State *lua, struct input *input, size_t size) {
  if ((size_t)(input->end - input->at) < size) luaL_error(lua, "a written value ends too early");
  const uint8_t *at = input->at;
  input->at += size;
  return at;
}

static uint32_t take_u32(lua_State *lua, struct input *input) {
  uint32_t value;
  memcpy(&value, take(lua, input, sizeof value), sizeof value);
  return value;
}

static void push_text(lua_State *lua, struct input *input) {
  uint32_t size = take_u32(lua, input);
  lua_pushlstring(lua, (const char *)take(lua, input, size), size);
}

static void push_value(lua_State *lua, struct input *input);

static void push_pairs(lua_State *lua, struct input *input, uint32_t pairs) {
  for (uint32_t i = 0; i < pairs; i++) {
    push_value(lua, input);
    push_value(lua, input);
    lua_rawset(lua, -3);
  }
}

static void push_table(lua_State *lua, struct input *input) {
  uint32_t list = take_u32(lua, input), pairs = take_u32(lua, input);
  lua_createtable(lua, (int)list, (int)pairs);
  for (uint32_t i = 1; i <= list; i++) {
    push_value(lua, input);
    lua_rawseti(lua, -2, i);
  }
  push_pairs(lua, input, pairs);
}

static void push_shared_table(lua_State *lua, struct input *input) {
  uint32_t number = take_u32(lua, input);
  bool hasMetatable = *take(lua, input, 1);
  uint32_t pairs = take_u32(lua, input);
  lua_createtable(lua, 0, (int)pairs);
  lua_pushvalue(lua, -1);
  lua_rawseti(lua, input->seen, number);
  push_pairs(lua, input, pairs);
  if (!hasMetatable) return;
  // Joined last: a sealed metatable is a copy, and this one may not be whole yet.
  lua_Integer last = (lua_Integer)lua_rawlen(lua, input->pending);
  lua_pushvalue(lua, -1);
  lua_rawseti(lua, input->pending, last + 1);
  lua_pushboolean(lua, 0);
  lua_rawseti(lua, input->pending, last + 2);
  push_value(lua, input);
  lua_rawseti(lua, input->pending, last + 2);
}

static void join_metatables(lua_State *lua, struct input *input) {
  lua_Integer count = (lua_Integer)lua_rawlen(lua, input->pending);
  for (lua_Integer i = 1; i < count; i += 2) {
    lua_rawgeti(lua, input->pending, i);
    lua_rawgeti(lua, input->pending, i + 1);
    moontide_set_metatable(lua, lua_gettop(lua) - 1);
    lua_pop(lua, 1);
  }
}

/// An upvalue shared by several functions is remembered as the function that has it first and its
/// place there, under a negative number.
static void set_upvalue(lua_State *lua, struct input *input, int function, int position) {
  lua_Integer number = -(lua_Integer)take_u32(lua, input);
  if (lua_rawgeti(lua, input->seen, number) == LUA_TTABLE) {
    lua_rawgeti(lua, -1, 1);
    lua_rawgeti(lua, -2, 2);
    int place = (int)lua_tointeger(lua, -1);
    lua_pop(lua, 1);
    lua_upvaluejoin(lua, function, position, -1, place);
    lua_pop(lua, 2);
    return;
  }
  lua_pop(lua, 1);
  lua_createtable(lua, 2, 0);
  lua_pushvalue(lua, function);
  lua_rawseti(lua, -2, 1);
  lua_pushinteger(lua, position);
  lua_rawseti(lua, -2, 2);
  lua_rawseti(lua, input->seen, number);
  push_value(lua, input);
  lua_setupvalue(lua, function, position);
}

static void push_function(lua_State *lua, struct input *input) {
  uint32_t number = take_u32(lua, input), size = take_u32(lua, input);
  const char *code = (const char *)take(lua, input, size);
  if (luaL_loadbufferx(lua, code, size, "=function", "b") != LUA_OK) lua_error(lua);
  int function = lua_gettop(lua);
  lua_pushvalue(lua, function);
  lua_rawseti(lua, input->seen, number);
  uint32_t upvalues = take_u32(lua, input);
  for (uint32_t i = 1; i <= upvalues; i++) set_upvalue(lua, input, function, (int)i);
}

static void push_module(lua_State *lua, struct input *input) {
  lua_getglobal(lua, "require");
  push_text(lua, input);
  lua_call(lua, 1, 1);
}

static void push_object(lua_State *lua, struct input *input) {
  uint32_t handle = take_u32(lua, input);
  push_text(lua, input);
  moontide_push_object(lua, handle, lua_tostring(lua, -1));
  lua_remove(lua, -2);
}

static void push_error(lua_State *lua, struct input *input) {
  push_value(lua, input);
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &moontide_error_key) == LUA_TTABLE)
    lua_setmetatable(lua, -2);
  else lua_pop(lua, 1);
}

static void push_value(lua_State *lua, struct input *input) {
  if (++input->depth > 4 * MOONTIDE_DEPTH) luaL_error(lua, "a value is nested too deep");
  luaL_checkstack(lua, 8, "a value is nested too deep");
  uint8_t tag = *take(lua, input, 1);
  switch (tag) {
  case MOONTIDE_NIL: lua_pushnil(lua); break;
  case MOONTIDE_FALSE: case MOONTIDE_TRUE: lua_pushboolean(lua, tag == MOONTIDE_TRUE); break;
  case MOONTIDE_INTEGER: {
    int64_t value;
    memcpy(&value, take(lua, input, sizeof value), sizeof value);
    lua_pushinteger(lua, value);
    break;
  }
  case MOONTIDE_NUMBER: {
    double value;
    memcpy(&value, take(lua, input, sizeof value), sizeof value);
    lua_pushnumber(lua, value);
    break;
  }
  case MOONTIDE_STRING: push_text(lua, input); break;
  case MOONTIDE_TABLE: push_table(lua, input); break;
  case MOONTIDE_REFERENCE: lua_rawgeti(lua, LUA_REGISTRYINDEX, take_u32(lua, input)); break;
  case MOONTIDE_OBJECT: push_object(lua, input); break;
  case MOONTIDE_NULL: lua_pushlightuserdata(lua, NULL); break;
  case MOONTIDE_ERROR: push_error(lua, input); break;
  case MOONTIDE_SHARED_TABLE: push_shared_table(lua, input); break;
  case MOONTIDE_AGAIN: lua_rawgeti(lua, input->seen, take_u32(lua, input)); break;
  case MOONTIDE_FUNCTION: push_function(lua, input); break;
  case MOONTIDE_MODULE: push_module(lua, input); break;
  case MOONTIDE_LIBRARY:
    push_module(lua, input);
    push_text(lua, input);
    lua_gettable(lua, -2);
    lua_remove(lua, -2);
    break;
  case MOONTIDE_ENVIRONMENT: lua_pushvalue(lua, input->environment); break;
  default: luaL_error(lua, "a written value has the unknown tag %d", tag);
  }
  input->depth--;
}

static int push_step(lua_State *lua) {
  struct input *input = lua_touserdata(lua, 1);
  while (input->at < input->end) {
    push_value(lua, input);
    input->count++;
  }
  return input->count;
}

int moontide_push(lua_State *lua, const uint8_t *bytes, size_t size, int *count) {
  struct input input = {.at = bytes, .end = bytes + size};
  int status = moontide_protect(lua, push_step, &input, LUA_MULTRET);
  *count = input.count;
  return status;
}

/// Makes the table of globals that a function from elsewhere sees: its own copy of the worker's.
static void push_environment(lua_State *lua) {
  lua_newtable(lua);
  int environment = lua_gettop(lua);
  lua_rawgeti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  for (lua_pushnil(lua); lua_next(lua, -2);) {
    lua_pushvalue(lua, -2);
    lua_insert(lua, -2);
    lua_rawset(lua, environment);
  }
  lua_pop(lua, 1);
  lua_pushvalue(lua, environment);
  lua_setfield(lua, environment, "_G");
}

/// `__index` of a table of globals of which some could not travel: upvalue 1 says why.
static int missing_global(lua_State *lua) {
  lua_settop(lua, 2);
  if (lua_rawget(lua, lua_upvalueindex(1)) != LUA_TSTRING) return 1;
  lua_createtable(lua, 0, 3);
  lua_insert(lua, -2);
  lua_setfield(lua, -2, "message");
  lua_pushliteral(lua, "UNSHIPPABLE_FUNCTION");
  lua_setfield(lua, -2, "class");
  moontide_where(lua);
  lua_setfield(lua, -2, "where");
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &moontide_error_key) == LUA_TTABLE)
    lua_setmetatable(lua, -2);
  else lua_pop(lua, 1);
  return lua_error(lua);
}

static int arrive_step(lua_State *lua) {
  struct input *input = lua_touserdata(lua, 1);
  push_environment(lua);
  input->environment = lua_gettop(lua);
  lua_newtable(lua);
  input->seen = lua_gettop(lua);
  lua_newtable(lua);
  input->pending = lua_gettop(lua);
  push_value(lua, input);
  // The globals come last: names and values, then the names that cannot travel and why.
  int value = lua_gettop(lua);
  lua_pushvalue(lua, input->environment);
  push_pairs(lua, input, take_u32(lua, input));
  join_metatables(lua, input);
  uint32_t refused = take_u32(lua, input);
  if (refused > 0) {
    lua_createtable(lua, 0, 1);
    lua_newtable(lua);
    push_pairs(lua, input, refused);
    lua_pushcclosure(lua, missing_global, 1);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, input->environment);
  }
  lua_settop(lua, value);
  return 1;
}

int moontide_arrive(lua_State *lua, const uint8_t *bytes, size_t size) {
  struct input input = {.at = bytes, .end = bytes + size};
  return moontide_protect(lua, arrive_step, &input, 1);
}
