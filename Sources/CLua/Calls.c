#include "Internal.h"

// The loops that call a function for each row or group, under one protected call a batch.

// ---- Calling ---------------------------------------------------------------------------------

/// Pushes the arguments of one call; returns how many. `strings` is the first string table.
static int push_arguments(lua_State *lua, const moontide_calls *calls, int strings) {
  int count = 0;
  for (; count < calls->beforeCount; count++)
    lua_rawgeti(lua, LUA_REGISTRYINDEX, calls->before[count]);
  const moontide_rows *rows = calls->rows;
  if (calls->key) {
    moontide_push_row(lua, calls->key, calls->row);
    count++;
  }
  switch (calls->form) {
  case MOONTIDE_AS_VALUES:
    for (int i = 0; i < rows->width; i++) {
      const moontide_column *column = &rows->columns[i];
      int64_t at = calls->row & column->mask;
      if (column->strings && !moontide_is_null(column, at))
        moontide_push_cached(lua, column, at, strings + i);
      else moontide_push_cell(lua, column, calls->row, false);
    }
    count += rows->width;
    break;
  case MOONTIDE_AS_ROW:
    moontide_push_row(lua, rows, calls->row);
    count++;
    break;
  case MOONTIDE_AS_GROUP: {
    const int64_t *offsets = calls->offsets + calls->row;
    moontide_push_group(lua, rows, offsets[0], offsets[1] - offsets[0]);
    count++;
    break;
  }
  default: break;
  }
  for (int i = 0; i < calls->afterCount; i++, count++)
    lua_rawgeti(lua, LUA_REGISTRYINDEX, calls->after[i]);
  return count;
}

/// Rows in the result on the stack top become lists, also inside a list of rows.
static void expand_rows(lua_State *lua) {
  int result = lua_gettop(lua);
  if (moontide_is_row(lua, result)) {
    moontide_row_to_list(lua, result);
  } else if (lua_istable(lua, result)) {
    lua_Integer count = (lua_Integer)lua_rawlen(lua, result);
    for (lua_Integer i = 1; i <= count; i++) {
      lua_rawgeti(lua, result, i);
      if (moontide_is_row(lua, result + 1)) {
        moontide_row_to_list(lua, result + 1);
        lua_rawseti(lua, result, i);
      }
      lua_settop(lua, result);
    }
  }
}

/// Stores the result on the stack top if it is of the column's type or NULL.
static bool store(lua_State *lua, moontide_calls *calls) {
  int64_t row = calls->row;
  int type = lua_type(lua, -1);
  if (type == LUA_TNIL || (type == LUA_TLIGHTUSERDATA && !lua_touserdata(lua, -1))) {
    calls->validity[row >> 3] &= (uint8_t)~(1 << (row & 7));
    calls->nulls++;
    return true;
  }
  if (calls->resultKind == MOONTIDE_BOOLEAN_COLUMN) {
    if (type != LUA_TBOOLEAN) return false;
    if (lua_toboolean(lua, -1)) ((uint8_t *)calls->results)[row >> 3] |= (uint8_t)(1 << (row & 7));
    return true;
  }
  if (type != LUA_TNUMBER) return false;
  if (calls->resultKind == MOONTIDE_DOUBLE_COLUMN) {
    ((double *)calls->results)[row] = lua_tonumber(lua, -1);
    return true;
  }
  int isExact;
  lua_Integer value = lua_tointegerx(lua, -1, &isExact);
  if (!isExact) return false;
  if (calls->resultKind == MOONTIDE_INT64_COLUMN) {
    ((int64_t *)calls->results)[row] = value;
    return true;
  }
  if (value != (int32_t)value) return false;
  ((int32_t *)calls->results)[row] = (int32_t)value;
  return true;
}

static int calls_step(lua_State *lua) {
  moontide_calls *calls = lua_touserdata(lua, 1);
  moontide_host *host = moontide_host_of(lua);
  if (calls->form == MOONTIDE_AS_VALUES)
    luaL_checkstack(lua, 2 * calls->rows->width + 16, "too many columns");
  int strings = lua_gettop(lua) + 1;
  if (calls->form == MOONTIDE_AS_VALUES)
    for (int i = 0; i < calls->rows->width; i++) {
      if (calls->rows->columns[i].strings) lua_createtable(lua, MOONTIDE_CACHE, 0);
      else lua_pushnil(lua);
    }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, calls->function);
  int function = lua_gettop(lua);
  for (calls->row = 0; calls->row < calls->count; calls->row++) {
    host->loan++;
    if (calls->enter) calls->enter(calls->context, calls->row);
    lua_pushvalue(lua, function);
    lua_call(lua, push_arguments(lua, calls, strings), 1);
    if (calls->form != MOONTIDE_AS_VALUES) expand_rows(lua);
    bool isStored = calls->results && store(lua, calls);
    if (!isStored && !calls->take(lua, calls->context, calls->row)) return 0;
    lua_settop(lua, function);
  }
  host->loan++;
  return 0;
}

int moontide_call_rows(lua_State *lua, moontide_calls *calls) {
  if (!lua_checkstack(lua, 3)) return MOONTIDE_NO_ROOM;
  lua_pushcfunction(lua, calls_step);
  lua_pushlightuserdata(lua, calls);
  int status = moontide_call(lua, 1, 0);
  moontide_host_of(lua)->loan++;
  return status;
}

// ---- Aggregates ------------------------------------------------------------------------------

static void push_table_of(lua_State *lua, const moontide_rows *rows, int64_t row) {
  lua_createtable(lua, 0, rows->width);
  for (int i = rows->width - 1; i >= 0; i--) {
    moontide_push_cell(lua, &rows->columns[i], row, false);
    lua_setfield(lua, -2, rows->names[i]);
  }
}

static int fold_step(lua_State *lua) {
  moontide_fold *fold = lua_touserdata(lua, 1);
  int width = fold->rows ? fold->rows->width : 0;
  luaL_checkstack(lua, width + 16, "too many columns");
  lua_rawgeti(lua, LUA_REGISTRYINDEX, fold->buffers);
  int buffers = lua_gettop(lua);
  for (fold->row = 0; fold->row < fold->count; fold->row++) {
    lua_Integer place = (lua_Integer)fold->groups[fold->row] + 1;
    if (lua_rawgeti(lua, buffers, place) == LUA_TNIL) {
      lua_pop(lua, 1);
      lua_rawgeti(lua, LUA_REGISTRYINDEX, fold->zero);
      lua_call(lua, 0, 1);
      lua_pushvalue(lua, -1);
      lua_rawseti(lua, buffers, place);
    }
    if (fold->function) {
      lua_rawgeti(lua, LUA_REGISTRYINDEX, fold->function);
      lua_pushvalue(lua, buffers + 1);
      if (fold->asTable) push_table_of(lua, fold->rows, fold->row);
      else
        for (int i = 0; i < width; i++)
          moontide_push_cell(lua, &fold->rows->columns[i], fold->row, false);
      lua_call(lua, 1 + (fold->asTable ? 1 : width), 1);
    }
    if (fold->take) {
      if (!fold->take(lua, fold->context, fold->row)) return 0;
    } else if (!lua_isnil(lua, -1) || !lua_istable(lua, buffers + 1)) {
      // A function that changes its table need not give it back.
      lua_rawseti(lua, buffers, place);
    }
    lua_settop(lua, buffers);
  }
  return 0;
}

int moontide_fold_rows(lua_State *lua, moontide_fold *fold) {
  if (!lua_checkstack(lua, 3)) return MOONTIDE_NO_ROOM;
  lua_pushcfunction(lua, fold_step);
  lua_pushlightuserdata(lua, fold);
  return moontide_call(lua, 1, 0);
}
