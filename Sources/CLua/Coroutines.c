#include "Internal.h"

// `coroutine.create`, `resume` and `wrap` that tell the watchdog which coroutine runs, and, for
// pure states, a `pcall` and `xpcall` that cannot catch the end of a call.

/// The most coroutines of a pure state that have not ended.
enum { MOST_COROUTINES = 1000 };

/// The most coroutines inside each other. Lua counts most of them itself; not those that begin
/// while variables of a failed one are closed.
enum { MOST_NESTED = 190 };

// Registry key: the coroutines of a pure state, held weakly.
static const char coroutines_key = 0;

// ---- Counting --------------------------------------------------------------------------------

/// Whether a coroutine can be resumed.
static bool is_alive(lua_State *coroutine) {
  lua_Debug frame;
  if (lua_status(coroutine) == LUA_YIELD) return true;
  return lua_status(coroutine) == LUA_OK && !lua_getstack(coroutine, 0, &frame)
    && lua_gettop(coroutine) > 0;
}

/// Those that were let go of and not collected yet count until here.
static int count_alive(lua_State *lua) {
  lua_gc(lua, LUA_GCCOLLECT);
  int count = 0;
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &coroutines_key);
  for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
    lua_State *one = lua_tothread(lua, -2);
    if (one && is_alive(one)) count++;
  }
  lua_pop(lua, 1);
  return count;
}

/// Notes the coroutine on the stack top.
static void count_new(lua_State *lua) {
  moontide_host *host = moontide_host_of(lua);
  if (host->coroutines >= MOST_COROUTINES) {
    host->coroutines = count_alive(lua);
    if (host->coroutines >= MOST_COROUTINES)
      luaL_error(lua, "more than %d coroutines that have not ended", MOST_COROUTINES);
  }
  lua_rawgetp(lua, LUA_REGISTRYINDEX, &coroutines_key);
  lua_pushvalue(lua, -2);
  lua_pushboolean(lua, 1);
  lua_rawset(lua, -3);
  lua_pop(lua, 1);
  host->coroutines++;
}

// ---- Coroutines ------------------------------------------------------------------------------

static int create(lua_State *lua) {
  luaL_checktype(lua, 1, LUA_TFUNCTION);
  lua_State *made = lua_newthread(lua);
  if (moontide_host_of(lua)->isPure) count_new(lua);
  lua_pushvalue(lua, 1);
  lua_xmove(lua, made, 1);
  return 1;
}

/// Resumes a coroutine with the `arguments` values on the stack top; how many results are there in
/// their place, or -1 with the error.
static int run(lua_State *lua, lua_State *coroutine, int arguments) {
  moontide_host *host = moontide_host_of(lua);
  if (host->depth >= MOST_NESTED || !lua_checkstack(coroutine, arguments)) {
    lua_pop(lua, arguments);
    if (host->depth >= MOST_NESTED) lua_pushliteral(lua, "C stack overflow");
    else lua_pushliteral(lua, "too many arguments to resume");
    return -1;
  }
  bool wasAlive = is_alive(coroutine);
  lua_xmove(lua, coroutine, arguments);
  struct running frame = {coroutine, host->running};
  __atomic_store_n(&host->running, &frame, __ATOMIC_RELEASE);
  host->depth++;
  int results;
  int status = lua_resume(coroutine, lua, arguments, &results);
  host->depth--;
  __atomic_store_n(&host->running, frame.outer, __ATOMIC_RELEASE);
  if (host->isPure && wasAlive && status != LUA_YIELD) host->coroutines--;
  if (host->isPure && status == LUA_ERRMEM) host->isExhausted = true;
  if (status == LUA_OK || status == LUA_YIELD) {
    if (lua_checkstack(lua, results + 1)) {
      lua_xmove(coroutine, lua, results);
      return results;
    }
    lua_pop(coroutine, results);
    lua_pushliteral(lua, "too many results to resume");
    return -1;
  }
  lua_xmove(coroutine, lua, 1);
  return -1;
}

/// Goes on with the error on the stack top, if it ends the whole call.
static void rethrow(lua_State *lua) {
  moontide_raise_if_stopped(lua);
  moontide_host *host = moontide_host_of(lua);
  if (host->isPure && host->isExhausted) lua_error(lua);
}

static lua_State *coroutine_at(lua_State *lua, int index) {
  lua_State *coroutine = lua_tothread(lua, index);
  luaL_argexpected(lua, coroutine, index, "coroutine");
  return coroutine;
}

static int resume(lua_State *lua) {
  lua_State *coroutine = coroutine_at(lua, 1);
  moontide_raise_if_stopped(lua);
  int results = run(lua, coroutine, lua_gettop(lua) - 1);
  if (results < 0) rethrow(lua);
  lua_pushboolean(lua, results >= 0);
  int count = results < 0 ? 1 : results;
  lua_insert(lua, -count - 1);
  return count + 1;
}

/// What `coroutine.wrap` gives: upvalue 1 is the coroutine.
static int call_wrapped(lua_State *lua) {
  lua_State *coroutine = lua_tothread(lua, lua_upvalueindex(1));
  moontide_raise_if_stopped(lua);
  int results = run(lua, coroutine, lua_gettop(lua));
  if (results >= 0) return results;
  rethrow(lua);
  int status = lua_status(coroutine);
  if (status != LUA_OK && status != LUA_YIELD) {
    // Its variables are closed; what that raises is the error instead.
    moontide_host *host = moontide_host_of(lua);
    lua_pushvalue(lua, -1);
    lua_xmove(lua, coroutine, 1);
    struct running frame = {coroutine, host->running};
    __atomic_store_n(&host->running, &frame, __ATOMIC_RELEASE);
    host->depth++;
    lua_resetthread(coroutine);
    host->depth--;
    __atomic_store_n(&host->running, frame.outer, __ATOMIC_RELEASE);
    lua_xmove(coroutine, lua, 1);
    rethrow(lua);
  }
  if (lua_type(lua, -1) == LUA_TSTRING && status != LUA_ERRMEM) {
    luaL_where(lua, 1);
    lua_insert(lua, -2);
    lua_concat(lua, 2);
  }
  return lua_error(lua);
}

static int wrap(lua_State *lua) {
  create(lua);
  lua_pushcclosure(lua, call_wrapped, 1);
  return 1;
}

// ---- Protected calls of pure states ----------------------------------------------------------

/// Below the results: `true`; and `kept` values below that are the call's own.
static int finish(lua_State *lua, int status, lua_KContext kept) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(lua) - (int)kept;
  if (status == LUA_ERRMEM) moontide_host_of(lua)->isExhausted = true;
  rethrow(lua);
  lua_pushboolean(lua, 0);
  lua_insert(lua, -2);
  return 2;
}

static int pure_pcall(lua_State *lua) {
  luaL_checkany(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 1);
  return finish(lua, lua_pcallk(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0, 0, finish), 0);
}

/// Upvalue 1 is the user's message handler, which does not get to see the end of the call: in a
/// hook, it would run where no hook reaches it.
static int handle_message(lua_State *lua) {
  if (moontide_stop_of(moontide_host_of(lua)) & MOONTIDE_TIMED_OUT) return 1;
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, lua_gettop(lua) - 1, 1);
  return 1;
}

static int pure_xpcall(lua_State *lua) {
  luaL_checktype(lua, 2, LUA_TFUNCTION);
  lua_pushvalue(lua, 2);
  lua_pushcclosure(lua, handle_message, 1);
  lua_replace(lua, 2);
  // function, handler, arguments → handler, true, function, arguments.
  lua_pushvalue(lua, 2);
  lua_insert(lua, 1);
  lua_pushboolean(lua, 1);
  lua_insert(lua, 2);
  lua_remove(lua, 4);
  int arguments = lua_gettop(lua) - 3;
  return finish(lua, lua_pcallk(lua, arguments, LUA_MULTRET, 1, 1, finish), 1);
}

// ---- Opening ---------------------------------------------------------------------------------

void moontide_open_coroutines(lua_State *lua) {
  static const luaL_Reg functions[] = {
    {"create", create}, {"resume", resume}, {"wrap", wrap}, {NULL, NULL}};
  lua_getglobal(lua, LUA_COLIBNAME);
  luaL_setfuncs(lua, functions, 0);
  lua_pop(lua, 1);
  if (!moontide_host_of(lua)->isPure) return;
  static const luaL_Reg calls[] = {{"pcall", pure_pcall}, {"xpcall", pure_xpcall}, {NULL, NULL}};
  lua_pushglobaltable(lua);
  luaL_setfuncs(lua, calls, 0);
  lua_pop(lua, 1);
  lua_newtable(lua);
  lua_createtable(lua, 0, 1);
  lua_pushliteral(lua, "k");
  lua_setfield(lua, -2, "__mode");
  lua_setmetatable(lua, -2);
  lua_rawsetp(lua, LUA_REGISTRYINDEX, &coroutines_key);
}
