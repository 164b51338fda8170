#include "Internal.h"
#include <ctype.h>

// Values and rows of the engine's columns as Lua sees them, straight from the columns' buffers.

// ---- Values ----------------------------------------------------------------------------------

static bool bit(const uint8_t *bits, int64_t index) { return bits[index >> 3] >> (index & 7) & 1; }

bool moontide_is_null(const moontide_column *column, int64_t at) {
  return column->isAllNull || (column->validity && !bit(column->validity, at));
}

struct view {
  uint32_t size;
  uint8_t start[4];
  union {
    uint8_t rest[8];
    struct { uint32_t block, offset; };
  };
};

static const char *view_bytes(const moontide_column *column, const struct view *view) {
  if (view->size <= 12) return (const char *)view->start;
  return (const char *)column->blocks[view->block] + view->offset;
}

struct entry {
  const char *bytes;
  uint64_t low, high;
};

struct moontide_strings {
  struct entry entries[MOONTIDE_CACHE];
};

moontide_strings *moontide_strings_new(void) { return calloc(1, sizeof(moontide_strings)); }
void moontide_strings_free(moontide_strings *strings) { free(strings); }

/// Pushes a string through the cache, whose Lua strings lie in the table at `table`.
void moontide_push_cached(
  lua_State *lua, const moontide_column *column, int64_t at, int table) {
  const struct view *view = (const struct view *)column->values + at;
  uint64_t words[2];
  memcpy(words, view, sizeof words);
  const char *bytes = view_bytes(column, view);
  bool isInline = view->size <= 12;
  uint64_t mixed = words[0];
  if (isInline) {
    mixed ^= words[1];
  } else {
    uint64_t last;
    memcpy(&last, bytes + view->size - sizeof last, sizeof last);
    mixed ^= last;
  }
  uint32_t slot = (uint32_t)(mixed * 0x9E3779B97F4A7C15u >> 56);
  struct entry *entry = &column->strings->entries[slot];
  bool isSame = entry->bytes && entry->low == words[0]
    && (isInline ? entry->high == words[1] : memcmp(entry->bytes, bytes, view->size) == 0);
  if (isSame) {
    lua_rawgeti(lua, table, slot + 1);
    return;
  }
  lua_pushlstring(lua, bytes, view->size);
  lua_pushvalue(lua, -1);
  lua_rawseti(lua, table, slot + 1);
  *entry = (struct entry){bytes, words[0], words[1]};
}

/// A decimal as text with all digits of its scale, as Spark shows it.
static void push_decimal(lua_State *lua, __int128 value, int scale) {
  char text[64], *at = text + sizeof text;
  unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
  for (int digit = 0; rest > 0 || digit <= scale; digit++) {
    if (digit == scale && scale > 0) *--at = '.';
    *--at = (char)('0' + (int)(rest % 10));
    rest /= 10;
  }
  if (value < 0) *--at = '-';
  lua_pushlstring(lua, at, (size_t)(text + sizeof text - at));
}

static void push_list(lua_State *lua, const moontide_column *column, int32_t from, int32_t to) {
  lua_createtable(lua, to - from, 0);
  for (int32_t i = from; i < to; i++) {
    moontide_push_cell(lua, &column->children[0], i, true);
    lua_rawseti(lua, -2, i - from + 1);
  }
}

static void push_map(lua_State *lua, const moontide_column *column, int32_t from, int32_t to) {
  lua_createtable(lua, 0, to - from);
  for (int32_t i = from; i < to; i++) {
    moontide_push_cell(lua, &column->children[0], i, true);
    lua_Number key = lua_tonumber(lua, -1);
    if (key != key) luaL_error(lua, "a map has the key NaN, which a Lua table cannot hold");
    moontide_push_cell(lua, &column->children[1], i, true);
    lua_rawset(lua, -3);
  }
}

static void push_structure(lua_State *lua, const moontide_column *column, int64_t at) {
  lua_createtable(lua, 0, column->childCount);
  // Backwards, so that of two equal names the first wins.
  for (int child = column->childCount - 1; child >= 0; child--) {
    moontide_push_cell(lua, &column->children[child], at, false);
    lua_setfield(lua, -2, column->names[child]);
  }
}

/// Pushes a value. NULL is nil, and `moontide.null` inside an array or map.
void moontide_push_cell(
  lua_State *lua, const moontide_column *column, int64_t row, bool isInner) {
  int64_t at = row & column->mask;
  if (moontide_is_null(column, at)) {
    if (isInner) lua_pushlightuserdata(lua, NULL);
    else lua_pushnil(lua);
    return;
  }
  const void *values = column->values;
  switch (column->kind) {
  case MOONTIDE_BOOLEAN_COLUMN: lua_pushboolean(lua, bit(values, at)); break;
  case MOONTIDE_INT8_COLUMN: lua_pushinteger(lua, ((const int8_t *)values)[at]); break;
  case MOONTIDE_INT16_COLUMN: lua_pushinteger(lua, ((const int16_t *)values)[at]); break;
  case MOONTIDE_INT32_COLUMN: lua_pushinteger(lua, ((const int32_t *)values)[at]); break;
  case MOONTIDE_INT64_COLUMN: lua_pushinteger(lua, ((const int64_t *)values)[at]); break;
  case MOONTIDE_FLOAT_COLUMN: lua_pushnumber(lua, ((const float *)values)[at]); break;
  case MOONTIDE_DOUBLE_COLUMN: lua_pushnumber(lua, ((const double *)values)[at]); break;
  case MOONTIDE_DECIMAL_COLUMN:
    push_decimal(lua, ((const __int128 *)values)[at], column->scale);
    break;
  case MOONTIDE_STRING_COLUMN: {
    const struct view *view = (const struct view *)values + at;
    lua_pushlstring(lua, view_bytes(column, view), view->size);
    break;
  }
  default: {
    luaL_checkstack(lua, 6, "a value is nested too deep");
    const int32_t *offsets = values;
    if (column->kind == MOONTIDE_LIST_COLUMN) push_list(lua, column, offsets[at], offsets[at + 1]);
    else if (column->kind == MOONTIDE_MAP_COLUMN)
      push_map(lua, column, offsets[at], offsets[at + 1]);
    else if (column->kind == MOONTIDE_STRUCT_COLUMN) push_structure(lua, column, at);
    else lua_pushnil(lua);
  }
  }
}

// ---- Rows ------------------------------------------------------------------------------------

static const char row_mark = 0, group_mark = 0;

/// One row. It is lent for one call of a function, or owns its columns through its user value.
struct row {
  const void *mark;
  const moontide_rows *rows;
  int64_t row;
  /// What the state's `loan` must still be; 0: owned.
  uint64_t loan;
};

/// The rows that a function is given at once: called, it gives one after the other.
struct group {
  const void *mark;
  const moontide_rows *rows;
  int64_t first, count, next;
  uint64_t loan;
};

static void fail(lua_State *lua, const char *class, const char *message, const char *hint) {
  lua_createtable(lua, 0, 4);
  lua_pushstring(lua, class);
  lua_setfield(lua, -2, "class");
  lua_pushstring(lua, message);
  lua_setfield(lua, -2, "message");
  lua_pushstring(lua, hint);
  lua_setfield(lua, -2, "hint");
  moontide_where(lua);
  lua_setfield(lua, -2, "where");
  if (lua_rawgetp(lua, LUA_REGISTRYINDEX, &moontide_error_key) == LUA_TTABLE)
    lua_setmetatable(lua, -2);
  else lua_pop(lua, 1);
  lua_error(lua);
}

static void check_loan(lua_State *lua, uint64_t loan) {
  if (loan == 0 || loan == moontide_host_of(lua)->loan) return;
  fail(
    lua, "ROW_NO_LONGER_VALID",
    "A row is valid only during the call of the function it was given to.",
    "Keep a copy: row:asTable().");
}

static void *marked(lua_State *lua, int index, const void *mark, size_t size) {
  if (lua_type(lua, index) != LUA_TUSERDATA || lua_rawlen(lua, index) != size) return NULL;
  void *block = lua_touserdata(lua, index);
  return *(const void **)block == mark ? block : NULL;
}

static struct row *check_row(lua_State *lua, int index) {
  struct row *row = marked(lua, index, &row_mark, sizeof *row);
  if (!row) luaL_typeerror(lua, index, "row");
  check_loan(lua, row->loan);
  return row;
}

static void push_field(lua_State *lua, const struct row *row, int64_t position) {
  if (position < 1 || position > row->rows->width) lua_pushnil(lua);
  else moontide_push_cell(lua, &row->rows->columns[position - 1], row->row, false);
}

static const char *field_name(const struct row *row, int position) {
  return row->rows->names[position - 1];
}

static int row_as_table(lua_State *lua) {
  const struct row *row = check_row(lua, 1);
  lua_createtable(lua, 0, row->rows->width);
  for (int position = row->rows->width; position >= 1; position--) {
    push_field(lua, row, position);
    lua_setfield(lua, -2, field_name(row, position));
  }
  return 1;
}

/// How many letters differ between two names, case aside; many for names that are very long.
static size_t edits(const char *a, const char *b) {
  size_t m = strlen(a), n = strlen(b);
  if (m > 63 || n > 63) return SIZE_MAX;
  size_t last[64], row[64];
  for (size_t j = 0; j <= n; j++) last[j] = j;
  for (size_t i = 1; i <= m; i++) {
    row[0] = i;
    for (size_t j = 1; j <= n; j++) {
      bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
      size_t best = last[j - 1] + !same;
      if (last[j] + 1 < best) best = last[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
    memcpy(last, row, sizeof row);
  }
  return last[n];
}

/// The field that a misspelt name most likely means, or NULL.
static const char *nearest_field(const struct row *row, const char *name) {
  size_t allowed = (strlen(name) + 2) / 3;
  const char *nearest = NULL;
  for (int position = 1; position <= row->rows->width; position++) {
    size_t found = edits(name, field_name(row, position));
    if (found > allowed || (nearest && found == allowed)) continue;
    nearest = field_name(row, position);
    allowed = found;
  }
  return nearest;
}

static void no_such_field(lua_State *lua, const struct row *row) {
  const char *name = luaL_tolstring(lua, 2, NULL);
  const char *nearest = nearest_field(row, name);
  luaL_Buffer known;
  luaL_buffinit(lua, &known);
  if (nearest) {
    luaL_addstring(&known, "Did you mean `");
    luaL_addstring(&known, nearest);
    luaL_addstring(&known, "`? ");
  }
  luaL_addstring(&known, "Its fields are: ");
  for (int position = 1; position <= row->rows->width; position++) {
    if (position > 1) luaL_addstring(&known, ", ");
    luaL_addstring(&known, field_name(row, position));
  }
  luaL_addstring(&known, ".");
  luaL_pushresult(&known);
  const char *hint = lua_tostring(lua, -1);
  fail(lua, "FIELD_NOT_FOUND", lua_pushfstring(lua, "This row has no field `%s`.", name), hint);
}

static int row_newindex(lua_State *lua) {
  check_row(lua, 1);
  fail(
    lua, "UNSUPPORTED_OPERATION", "A row cannot be changed.",
    "`row:asTable()` gives a table, which can.");
  return 0;
}

static int row_index(lua_State *lua) {
  const struct row *row = check_row(lua, 1);
  int isInteger;
  lua_Integer position = lua_tointegerx(lua, 2, &isInteger);
  if (isInteger && lua_type(lua, 2) == LUA_TNUMBER) {
    push_field(lua, row, position);
    return 1;
  }
  lua_rawgeti(lua, LUA_REGISTRYINDEX, row->rows->places);
  lua_pushvalue(lua, 2);
  if (lua_rawget(lua, -2) == LUA_TNUMBER) {
    push_field(lua, row, lua_tointeger(lua, -1));
    return 1;
  }
  if (lua_type(lua, 2) == LUA_TSTRING && strcmp(lua_tostring(lua, 2), "asTable") == 0) {
    lua_pushcfunction(lua, row_as_table);
    return 1;
  }
  no_such_field(lua, row);
  return 0;
}

static int row_len(lua_State *lua) {
  lua_pushinteger(lua, check_row(lua, 1)->rows->width);
  return 1;
}

static int row_next(lua_State *lua) {
  const struct row *row = check_row(lua, 1);
  int position = (int)lua_tointeger(lua, lua_upvalueindex(1)) + 1;
  if (position > row->rows->width) return 0;
  lua_pushinteger(lua, position);
  lua_replace(lua, lua_upvalueindex(1));
  lua_pushstring(lua, field_name(row, position));
  push_field(lua, row, position);
  return 2;
}

static int row_pairs(lua_State *lua) {
  check_row(lua, 1);
  lua_pushinteger(lua, 0);
  lua_pushcclosure(lua, row_next, 1);
  lua_pushvalue(lua, 1);
  return 2;
}

/// Replaces the value on the stack top by its text: strings quoted, tables as Lua writes them.
static void push_shown(lua_State *lua) {
  luaL_checkstack(lua, 8, "a value is nested too deep");
  int value = lua_gettop(lua);
  if (lua_type(lua, value) == LUA_TSTRING) {
    lua_pushfstring(lua, "'%s'", lua_tostring(lua, value));
  } else if (lua_istable(lua, value)) {
    lua_pushliteral(lua, "{");
    lua_Integer count = (lua_Integer)lua_rawlen(lua, value);
    bool isFirst = true;
    for (lua_pushnil(lua); lua_next(lua, value); isFirst = false) {
      // Stack: text so far, key, value.
      push_shown(lua);
      if (count == 0) {
        lua_pushvalue(lua, -2);
        const char *key = luaL_tolstring(lua, -1, NULL);
        lua_pushfstring(lua, "%s%s=%s", isFirst ? "" : ", ", key, lua_tostring(lua, -3));
        lua_replace(lua, -4);
        lua_pop(lua, 2);
      } else {
        lua_pushfstring(lua, "%s%s", isFirst ? "" : ", ", lua_tostring(lua, -1));
        lua_replace(lua, -2);
      }
      lua_pushvalue(lua, -3);
      lua_insert(lua, -2);
      lua_concat(lua, 2);
      lua_replace(lua, -3);
    }
    lua_pushliteral(lua, "}");
    lua_concat(lua, 2);
  } else {
    luaL_tolstring(lua, value, NULL);
  }
  lua_replace(lua, value);
}

static int row_tostring(lua_State *lua) {
  const struct row *row = check_row(lua, 1);
  lua_pushliteral(lua, "Row(");
  for (int position = 1; position <= row->rows->width; position++) {
    lua_pushfstring(lua, "%s%s=", position > 1 ? ", " : "", field_name(row, position));
    push_field(lua, row, position);
    push_shown(lua);
    lua_concat(lua, 3);
  }
  lua_pushliteral(lua, ")");
  lua_concat(lua, 2);
  return 1;
}

static void push_metatable_of(lua_State *lua, const char *name, const luaL_Reg *functions) {
  if (!luaL_newmetatable(lua, name)) return;
  luaL_setfuncs(lua, functions, 0);
  lua_pushboolean(lua, 0);
  lua_setfield(lua, -2, "__metatable");
}

static struct row *push_row(lua_State *lua, const moontide_rows *rows, int64_t row, int values) {
  static const luaL_Reg functions[] = {
    {"__index", row_index}, {"__newindex", row_newindex}, {"__len", row_len},
    {"__pairs", row_pairs}, {"__tostring", row_tostring}, {NULL, NULL}};
  struct row *object = lua_newuserdatauv(lua, sizeof *object, values);
  *object = (struct row){&row_mark, rows, row, moontide_host_of(lua)->loan};
  push_metatable_of(lua, "moontide.Row", functions);
  lua_setmetatable(lua, -2);
  return object;
}

void moontide_push_row(lua_State *lua, const moontide_rows *rows, int64_t row) {
  push_row(lua, rows, row, 0);
}

static struct group *check_group(lua_State *lua) {
  struct group *group = marked(lua, 1, &group_mark, sizeof *group);
  if (!group) luaL_typeerror(lua, 1, "rows");
  check_loan(lua, group->loan);
  return group;
}

static int group_next(lua_State *lua) {
  struct group *group = check_group(lua);
  if (group->next >= group->count) return 0;
  push_row(lua, group->rows, group->first + group->next++, 0);
  return 1;
}

static int group_index(lua_State *lua) {
  struct group *group = check_group(lua);
  int isInteger;
  lua_Integer position = lua_tointegerx(lua, 2, &isInteger);
  if (!isInteger || position < 1 || position > group->count) return 0;
  push_row(lua, group->rows, group->first + position - 1, 0);
  return 1;
}

static int group_len(lua_State *lua) {
  lua_pushinteger(lua, check_group(lua)->count);
  return 1;
}

void moontide_push_group(
  lua_State *lua, const moontide_rows *rows, int64_t first, int64_t count) {
  static const luaL_Reg functions[] = {
    {"__call", group_next}, {"__index", group_index}, {"__len", group_len}, {NULL, NULL}};
  struct group *object = lua_newuserdatauv(lua, sizeof *object, 0);
  *object = (struct group){&group_mark, rows, first, count, 0, moontide_host_of(lua)->loan};
  push_metatable_of(lua, "moontide.Rows", functions);
  lua_setmetatable(lua, -2);
}

/// A row given back by a function becomes a list of its values.
void moontide_row_to_list(lua_State *lua, int index) {
  const struct row *row = check_row(lua, index);
  lua_createtable(lua, row->rows->width, 0);
  for (int position = 1; position <= row->rows->width; position++) {
    push_field(lua, row, position);
    lua_rawseti(lua, -2, position);
  }
  lua_replace(lua, index);
}

bool moontide_is_row(lua_State *lua, int index) {
  return marked(lua, index, &row_mark, sizeof(struct row)) != NULL;
}

// ---- Rows that the script keeps --------------------------------------------------------------

struct owned {
  const moontide_rows *rows;
  int64_t first, count;
  uint32_t handle;
  const char *class;
};

static int owned_step(lua_State *lua) {
  const struct owned *owned = lua_touserdata(lua, 1);
  moontide_push_object(lua, owned->handle, owned->class);
  lua_createtable(lua, (int)owned->count, 0);
  for (int64_t i = 0; i < owned->count; i++) {
    push_row(lua, owned->rows, owned->first + i, 1)->loan = 0;
    lua_pushvalue(lua, 2);
    lua_setiuservalue(lua, -2, 1);
    lua_rawseti(lua, 3, i + 1);
  }
  return 1;
}

int moontide_push_owned_rows(
  lua_State *lua, const moontide_rows *rows, int64_t first, int64_t count, uint32_t handle,
  const char *class) {
  struct owned owned = {rows, first, count, handle, class};
  return moontide_protect(lua, owned_step, &owned, 1);
}
