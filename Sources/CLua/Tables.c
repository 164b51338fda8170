#include "Internal.h"

// `insert`, `remove`, `move` and `sort` of pure states: as Lua's own, with a look at the deadline
// in every step, since `__len` or a range can ask for more steps than anybody will wait for.

/// Whether the argument is a table, or has what stands for one.
static void check_table(lua_State *lua, int index) {
  if (lua_istable(lua, index)) return;
  static const char *const needed[] = {"__index", "__newindex", "__len", NULL};
  for (const char *const *name = needed; *name; name++) {
    if (luaL_getmetafield(lua, index, *name) == LUA_TNIL) luaL_checktype(lua, index, LUA_TTABLE);
    lua_pop(lua, 1);
  }
}

static lua_Integer length(lua_State *lua, int index) {
  check_table(lua, index);
  return luaL_len(lua, index);
}

static int table_insert(lua_State *lua) {
  lua_Integer end = (lua_Integer)((lua_Unsigned)length(lua, 1) + 1);
  int count = lua_gettop(lua);
  if (count == 2) {
    lua_seti(lua, 1, end);
    return 0;
  }
  if (count != 3) return luaL_error(lua, "wrong number of arguments to 'insert'");
  lua_Integer position = luaL_checkinteger(lua, 2);
  luaL_argcheck(
    lua, (lua_Unsigned)position - 1 < (lua_Unsigned)end, 2, "position out of bounds");
  for (lua_Integer at = end; at > position; at--) {
    moontide_raise_if_stopped(lua);
    lua_geti(lua, 1, at - 1);
    lua_seti(lua, 1, at);
  }
  lua_seti(lua, 1, position);
  return 0;
}

static int table_remove(lua_State *lua) {
  lua_Integer size = length(lua, 1), position = luaL_optinteger(lua, 2, size);
  if (position != size)
    luaL_argcheck(
      lua, (lua_Unsigned)position - 1 <= (lua_Unsigned)size, 2, "position out of bounds");
  lua_geti(lua, 1, position);
  for (; position < size; position++) {
    moontide_raise_if_stopped(lua);
    lua_geti(lua, 1, position + 1);
    lua_seti(lua, 1, position);
  }
  lua_pushnil(lua);
  lua_seti(lua, 1, position);
  return 1;
}

static int table_move(lua_State *lua) {
  lua_Integer from = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3);
  lua_Integer to = luaL_checkinteger(lua, 4);
  int target = lua_isnoneornil(lua, 5) ? 1 : 5;
  check_table(lua, 1);
  check_table(lua, target);
  if (last >= from) {
    luaL_argcheck(
      lua, from > 0 || last < LUA_MAXINTEGER + from, 3, "too many elements to move");
    lua_Integer count = last - from + 1;
    luaL_argcheck(lua, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    bool isForward =
      to > last || to <= from || (target != 1 && !lua_compare(lua, 1, target, LUA_OPEQ));
    for (lua_Integer step = 0; step < count; step++) {
      moontide_raise_if_stopped(lua);
      lua_Integer offset = isForward ? step : count - 1 - step;
      lua_geti(lua, 1, from + offset);
      lua_seti(lua, target, to + offset);
    }
  }
  lua_pushvalue(lua, target);
  return 1;
}

// ---- sort ------------------------------------------------------------------------------------

/// Whether the value at `a` stands before the one at `b`: by the function at 2, or by `<`.
static bool is_less(lua_State *lua, int a, int b) {
  moontide_raise_if_stopped(lua);
  if (lua_isnil(lua, 2)) return lua_compare(lua, a, b, LUA_OPLT);
  a = lua_absindex(lua, a);
  b = lua_absindex(lua, b);
  lua_pushvalue(lua, 2);
  lua_pushvalue(lua, a);
  lua_pushvalue(lua, b);
  lua_call(lua, 2, 1);
  bool result = lua_toboolean(lua, -1);
  lua_pop(lua, 1);
  return result;
}

/// Short pieces are sorted by insertion.
static void sort_short(lua_State *lua, lua_Integer first, lua_Integer last) {
  for (lua_Integer next = first + 1; next <= last; next++) {
    lua_geti(lua, 1, next);
    lua_Integer at = next;
    for (; at > first; at--) {
      lua_geti(lua, 1, at - 1);
      if (!is_less(lua, -2, -1)) {
        lua_pop(lua, 1);
        break;
      }
      lua_seti(lua, 1, at);
    }
    lua_seti(lua, 1, at);
  }
}

/// Lets the value on the stack top, which it pops, sink into the heap of `count` elements that
/// begins at `first`, from the place `root`.
static void sink(lua_State *lua, lua_Integer first, lua_Integer root, lua_Integer count) {
  for (lua_Integer child; (child = 2 * root + 1) < count; root = child) {
    lua_geti(lua, 1, first + child);
    if (child + 1 < count) {
      lua_geti(lua, 1, first + child + 1);
      if (is_less(lua, -2, -1)) {
        child++;
        lua_remove(lua, -2);
      } else {
        lua_pop(lua, 1);
      }
    }
    if (!is_less(lua, -2, -1)) {
      lua_pop(lua, 1);
      break;
    }
    lua_seti(lua, 1, first + root);
  }
  lua_seti(lua, 1, first + root);
}

/// A piece that splits badly, whatever the order that the function gives, is sorted as a heap.
static void sort_heap(lua_State *lua, lua_Integer first, lua_Integer last) {
  lua_Integer count = last - first + 1;
  for (lua_Integer root = count / 2; root-- > 0;) {
    lua_geti(lua, 1, first + root);
    sink(lua, first, root, count);
  }
  for (lua_Integer end = count - 1; end > 0; end--) {
    lua_geti(lua, 1, first + end);
    lua_geti(lua, 1, first);
    lua_seti(lua, 1, first + end);
    sink(lua, first, 0, end);
  }
}

static void swap(lua_State *lua, lua_Integer a, lua_Integer b) {
  lua_geti(lua, 1, a);
  lua_geti(lua, 1, b);
  lua_seti(lua, 1, a);
  lua_seti(lua, 1, b);
}

/// Splits a piece by its middle element; gives the place of that element.
static lua_Integer split(lua_State *lua, lua_Integer first, lua_Integer last) {
  swap(lua, first + (last - first) / 2, last);
  lua_geti(lua, 1, last);
  int pivot = lua_gettop(lua);
  lua_Integer border = first, back = last - 1;
  while (true) {
    for (; border <= back; border++) {
      lua_geti(lua, 1, border);
      bool isBefore = is_less(lua, -1, pivot);
      lua_pop(lua, 1);
      if (!isBefore) break;
    }
    for (; border < back; back--) {
      lua_geti(lua, 1, back);
      bool isBehind = is_less(lua, pivot, -1);
      lua_pop(lua, 1);
      if (!isBehind) break;
    }
    if (border >= back) break;
    swap(lua, border++, back--);
  }
  lua_settop(lua, pivot - 1);
  swap(lua, border, last);
  return border;
}

static void sort(lua_State *lua, lua_Integer first, lua_Integer last, int depth) {
  while (last - first >= 12) {
    if (depth-- == 0) {
      sort_heap(lua, first, last);
      return;
    }
    lua_Integer middle = split(lua, first, last);
    if (middle - first < last - middle) {
      sort(lua, first, middle - 1, depth);
      first = middle + 1;
    } else {
      sort(lua, middle + 1, last, depth);
      last = middle - 1;
    }
  }
  sort_short(lua, first, last);
}

static int table_sort(lua_State *lua) {
  lua_Integer count = length(lua, 1);
  if (count > 1) {
    luaL_argcheck(lua, count < INT32_MAX, 1, "array too big");
    if (!lua_isnoneornil(lua, 2)) luaL_checktype(lua, 2, LUA_TFUNCTION);
    lua_settop(lua, 2);
    int depth = 2;
    for (lua_Integer rest = count; rest > 1; rest /= 2) depth += 2;
    sort(lua, 1, count, depth);
  }
  return 0;
}

void moontide_open_tables(lua_State *lua) {
  static const luaL_Reg functions[] = {
    {"insert", table_insert}, {"remove", table_remove}, {"move", table_move},
    {"sort", table_sort}, {NULL, NULL}};
  lua_getglobal(lua, LUA_TABLIBNAME);
  luaL_setfuncs(lua, functions, 0);
  lua_pop(lua, 1);
}
