#include "Internal.h"

// `find`, `match`, `gmatch`, `gsub` and `rep` of pure states, which a deadline ends.

/// The place in a text of `size` bytes that a script's position means, from 0.
static size_t place(lua_Integer position, size_t size) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0) return 0;
  return position < -(lua_Integer)size ? 0 : size - (size_t)-position;
}

static struct match begin(
  lua_State *lua, const char *text, size_t size, const char *patternEnd) {
  return (struct match){
    .lua = lua, .host = moontide_host_of(lua), .text = text, .textEnd = text + size,
    .patternEnd = patternEnd};
}

/// Pushes a capture, or the whole match for the first of none.
static void push_capture(struct match *match, int number, const char *start, const char *end) {
  if (number >= match->captureCount) {
    if (number > 0) luaL_error(match->lua, "invalid capture index %%%d", number + 1);
    lua_pushlstring(match->lua, start, (size_t)(end - start));
    return;
  }
  const struct capture *capture = &match->captures[number];
  if (capture->size == MOONTIDE_OPEN_CAPTURE) luaL_error(match->lua, "unfinished capture");
  if (capture->size == MOONTIDE_POSITION)
    lua_pushinteger(match->lua, capture->start - match->text + 1);
  else lua_pushlstring(match->lua, capture->start, (size_t)capture->size);
}

/// Pushes all captures, or the whole match if `start` is given and there are none.
static int push_captures(struct match *match, const char *start, const char *end) {
  int count = match->captureCount == 0 && start ? 1 : match->captureCount;
  luaL_checkstack(match->lua, count, "too many captures");
  for (int i = 0; i < count; i++) push_capture(match, i, start, end);
  return count;
}

// ---- find, match -----------------------------------------------------------------------------

static bool is_plain(const char *pattern, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (memchr("^$*+?.([%-", pattern[i], 10)) return false;
  return true;
}

static int search(lua_State *lua, bool isFind) {
  size_t size, patternSize;
  const char *text = luaL_checklstring(lua, 1, &size);
  const char *pattern = luaL_checklstring(lua, 2, &patternSize);
  size_t from = place(luaL_optinteger(lua, 3, 1), size);
  if (from > size) {
    luaL_pushfail(lua);
    return 1;
  }
  if (isFind && (lua_toboolean(lua, 4) || is_plain(pattern, patternSize))) {
    const char *found =
      patternSize == 0 ? text + from : memmem(text + from, size - from, pattern, patternSize);
    if (found) {
      lua_pushinteger(lua, found - text + 1);
      lua_pushinteger(lua, found - text + (lua_Integer)patternSize);
      return 2;
    }
    luaL_pushfail(lua);
    return 1;
  }
  struct match match = begin(lua, text, size, pattern + patternSize);
  bool isAnchored = patternSize > 0 && *pattern == '^';
  if (isAnchored) pattern++;
  for (const char *at = text + from; at <= match.textEnd; at++) {
    const char *end = moontide_match_at(&match, at, pattern);
    if (end && !isFind) return push_captures(&match, at, end);
    if (end) {
      lua_pushinteger(lua, at - text + 1);
      lua_pushinteger(lua, end - text);
      return push_captures(&match, NULL, NULL) + 2;
    }
    if (isAnchored) break;
  }
  luaL_pushfail(lua);
  return 1;
}

static int text_find(lua_State *lua) { return search(lua, true); }
static int text_match(lua_State *lua) { return search(lua, false); }

// ---- gmatch ----------------------------------------------------------------------------------

/// The iterator: upvalues are text, pattern, where to go on, and where the last match ended.
static int next_match(lua_State *lua) {
  size_t size, patternSize;
  const char *text = lua_tolstring(lua, lua_upvalueindex(1), &size);
  const char *pattern = lua_tolstring(lua, lua_upvalueindex(2), &patternSize);
  const char *at = text + lua_tointeger(lua, lua_upvalueindex(3));
  lua_Integer last = lua_tointeger(lua, lua_upvalueindex(4));
  struct match match = begin(lua, text, size, pattern + patternSize);
  for (; at <= match.textEnd; at++) {
    moontide_raise_if_stopped(lua);
    const char *end = moontide_match_at(&match, at, pattern);
    if (!end || end - text == last) continue;
    lua_pushinteger(lua, end - text);
    lua_copy(lua, -1, lua_upvalueindex(3));
    lua_replace(lua, lua_upvalueindex(4));
    return push_captures(&match, at, end);
  }
  return 0;
}

static int text_gmatch(lua_State *lua) {
  size_t size;
  luaL_checklstring(lua, 1, &size);
  luaL_checkstring(lua, 2);
  size_t from = place(luaL_optinteger(lua, 3, 1), size);
  lua_settop(lua, 2);
  lua_pushinteger(lua, (lua_Integer)(from > size ? size + 1 : from));
  lua_pushinteger(lua, -1);
  lua_pushcclosure(lua, next_match, 4);
  return 1;
}

// ---- gsub ------------------------------------------------------------------------------------

/// Adds the replacement text at 3, its `%` sequences filled in.
static void add_text(struct match *match, luaL_Buffer *to, const char *start, const char *end) {
  size_t size;
  const char *text = lua_tolstring(match->lua, 3, &size), *stop = text + size;
  while (text < stop) {
    const char *percent = memchr(text, '%', (size_t)(stop - text));
    luaL_addlstring(to, text, (size_t)((percent ? percent : stop) - text));
    if (!percent) return;
    char what = percent + 1 < stop ? percent[1] : '\0';
    if (what == '%') {
      luaL_addchar(to, '%');
    } else if (what == '0') {
      luaL_addlstring(to, start, (size_t)(end - start));
    } else if (what >= '1' && what <= '9') {
      push_capture(match, what - '1', start, end);
      luaL_tolstring(match->lua, -1, NULL);
      lua_remove(match->lua, -2);
      luaL_addvalue(to);
    } else {
      luaL_error(match->lua, "invalid use of '%%' in replacement string");
    }
    text = percent + 2;
  }
}

/// Adds what takes the place of a match; false if it stays.
static bool add_replacement(
  struct match *match, luaL_Buffer *to, const char *start, const char *end) {
  lua_State *lua = match->lua;
  switch (lua_type(lua, 3)) {
  case LUA_TFUNCTION: {
    lua_pushvalue(lua, 3);
    int count = push_captures(match, start, end);
    lua_call(lua, count, 1);
    break;
  }
  case LUA_TTABLE:
    push_capture(match, 0, start, end);
    lua_gettable(lua, 3);
    break;
  default: add_text(match, to, start, end); return true;
  }
  if (!lua_toboolean(lua, -1)) {
    lua_pop(lua, 1);
    luaL_addlstring(to, start, (size_t)(end - start));
    return false;
  }
  if (!lua_isstring(lua, -1))
    luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
  luaL_addvalue(to);
  return true;
}

static int text_gsub(lua_State *lua) {
  size_t size, patternSize;
  const char *text = luaL_checklstring(lua, 1, &size);
  const char *pattern = luaL_checklstring(lua, 2, &patternSize);
  int type = lua_type(lua, 3);
  luaL_argexpected(
    lua,
    type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
    "string/function/table");
  lua_Integer most = luaL_optinteger(lua, 4, (lua_Integer)size + 1), count = 0;
  struct match match = begin(lua, text, size, pattern + patternSize);
  bool isAnchored = patternSize > 0 && *pattern == '^', isChanged = false;
  if (isAnchored) pattern++;
  const char *at = text, *last = NULL;
  luaL_Buffer made;
  luaL_buffinit(lua, &made);
  while (count < most) {
    moontide_raise_if_stopped(lua);
    const char *end = moontide_match_at(&match, at, pattern);
    if (end && end != last) {
      count++;
      if (add_replacement(&match, &made, at, end)) isChanged = true;
      at = last = end;
    } else if (at < match.textEnd) {
      luaL_addchar(&made, *at++);
    } else {
      break;
    }
    if (isAnchored) break;
  }
  luaL_addlstring(&made, at, (size_t)(match.textEnd - at));
  luaL_pushresult(&made);
  if (!isChanged) lua_pushvalue(lua, 1);
  lua_pushinteger(lua, count);
  return 2;
}

// ---- rep -------------------------------------------------------------------------------------

/// Nothing, however often: upvalue 1 is Lua's own, which would count.
static int text_rep(lua_State *lua) {
  size_t size, separator = 0;
  luaL_checklstring(lua, 1, &size);
  lua_Integer count = luaL_checkinteger(lua, 2);
  if (!lua_isnoneornil(lua, 3)) luaL_checklstring(lua, 3, &separator);
  if (count <= 0 || size + separator == 0) {
    lua_pushliteral(lua, "");
    return 1;
  }
  lua_settop(lua, 3);
  lua_pushvalue(lua, lua_upvalueindex(1));
  lua_insert(lua, 1);
  lua_call(lua, 3, 1);
  return 1;
}

void moontide_open_text(lua_State *lua) {
  static const luaL_Reg functions[] = {
    {"find", text_find}, {"match", text_match}, {"gmatch", text_gmatch}, {"gsub", text_gsub},
    {NULL, NULL}};
  lua_getglobal(lua, LUA_STRLIBNAME);
  luaL_setfuncs(lua, functions, 0);
  lua_getfield(lua, -1, "rep");
  lua_pushcclosure(lua, text_rep, 1);
  lua_setfield(lua, -2, "rep");
  lua_pop(lua, 1);
}
