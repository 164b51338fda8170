#include "Internal.h"

// The Lua side of Moontide, embedded. A new file of stdlib/moontide/ is one entry here.

struct module {
  const char *name;
  const unsigned char *text;
};

static const struct module modules[] = {
  {"moontide.actions", (const unsigned char[]){
#embed "../../stdlib/moontide/actions.lua" suffix(, 0)
  }},
  {"moontide.catalog", (const unsigned char[]){
#embed "../../stdlib/moontide/catalog.lua" suffix(, 0)
  }},
  {"moontide.check", (const unsigned char[]){
#embed "../../stdlib/moontide/check.lua" suffix(, 0)
  }},
  {"moontide.chosen", (const unsigned char[]){
#embed "../../stdlib/moontide/chosen.lua" suffix(, 0)
  }},
  {"moontide.column", (const unsigned char[]){
#embed "../../stdlib/moontide/column.lua" suffix(, 0)
  }},
  {"moontide.combining", (const unsigned char[]){
#embed "../../stdlib/moontide/combining.lua" suffix(, 0)
  }},
  {"moontide.connectors", (const unsigned char[]){
#embed "../../stdlib/moontide/connectors.lua" suffix(, 0)
  }},
  {"moontide.dataframe", (const unsigned char[]){
#embed "../../stdlib/moontide/dataframe.lua" suffix(, 0)
  }},
  {"moontide.error", (const unsigned char[]){
#embed "../../stdlib/moontide/error.lua" suffix(, 0)
  }},
  {"moontide.expression", (const unsigned char[]){
#embed "../../stdlib/moontide/expression.lua" suffix(, 0)
  }},
  {"moontide.functions", (const unsigned char[]){
#embed "../../stdlib/moontide/functions.lua" suffix(, 0)
  }},
  {"moontide.group", (const unsigned char[]){
#embed "../../stdlib/moontide/group.lua" suffix(, 0)
  }},
  {"moontide", (const unsigned char[]){
#embed "../../stdlib/moontide/init.lua" suffix(, 0)
  }},
  {"moontide.json", (const unsigned char[]){
#embed "../../stdlib/moontide/json.lua" suffix(, 0)
  }},
  {"moontide.lambda", (const unsigned char[]){
#embed "../../stdlib/moontide/lambda.lua" suffix(, 0)
  }},
  {"moontide.log", (const unsigned char[]){
#embed "../../stdlib/moontide/log.lua" suffix(, 0)
  }},
  {"moontide.memory_stream", (const unsigned char[]){
#embed "../../stdlib/moontide/memory_stream.lua" suffix(, 0)
  }},
  {"moontide.missing", (const unsigned char[]){
#embed "../../stdlib/moontide/missing.lua" suffix(, 0)
  }},
  {"moontide.options", (const unsigned char[]){
#embed "../../stdlib/moontide/options.lua" suffix(, 0)
  }},
  {"moontide.origin", (const unsigned char[]){
#embed "../../stdlib/moontide/origin.lua" suffix(, 0)
  }},
  {"moontide.pivot", (const unsigned char[]){
#embed "../../stdlib/moontide/pivot.lua" suffix(, 0)
  }},
  {"moontide.plan", (const unsigned char[]){
#embed "../../stdlib/moontide/plan.lua" suffix(, 0)
  }},
  {"moontide.query", (const unsigned char[]){
#embed "../../stdlib/moontide/query.lua" suffix(, 0)
  }},
  {"moontide.reader", (const unsigned char[]){
#embed "../../stdlib/moontide/reader.lua" suffix(, 0)
  }},
  {"moontide.relations", (const unsigned char[]){
#embed "../../stdlib/moontide/relations.lua" suffix(, 0)
  }},
  {"moontide.row_functions", (const unsigned char[]){
#embed "../../stdlib/moontide/row_functions.lua" suffix(, 0)
  }},
  {"moontide.session", (const unsigned char[]){
#embed "../../stdlib/moontide/session.lua" suffix(, 0)
  }},
  {"moontide.specs", (const unsigned char[]){
#embed "../../stdlib/moontide/specs.lua" suffix(, 0)
  }},
  {"moontide.statistics", (const unsigned char[]){
#embed "../../stdlib/moontide/statistics.lua" suffix(, 0)
  }},
  {"moontide.stream_writer", (const unsigned char[]){
#embed "../../stdlib/moontide/stream_writer.lua" suffix(, 0)
  }},
  {"moontide.streams", (const unsigned char[]){
#embed "../../stdlib/moontide/streams.lua" suffix(, 0)
  }},
  {"moontide.time", (const unsigned char[]){
#embed "../../stdlib/moontide/time.lua" suffix(, 0)
  }},
  {"moontide.types", (const unsigned char[]){
#embed "../../stdlib/moontide/types.lua" suffix(, 0)
  }},
  {"moontide.user_function", (const unsigned char[]){
#embed "../../stdlib/moontide/user_function.lua" suffix(, 0)
  }},
  {"moontide.window", (const unsigned char[]){
#embed "../../stdlib/moontide/window.lua" suffix(, 0)
  }},
  {"moontide.writer", (const unsigned char[]){
#embed "../../stdlib/moontide/writer.lua" suffix(, 0)
  }},
};

enum { MODULES = sizeof modules / sizeof modules[0] };

const char *moontide_module_name(int position) {
  return position >= 0 && position < MODULES ? modules[position].name : NULL;
}

const char *moontide_module_text(const char *name) {
  for (int i = 0; i < MODULES; i++)
    if (strcmp(modules[i].name, name) == 0) return (const char *)modules[i].text;
  return NULL;
}

int moontide_search_embedded(lua_State *lua) {
  const char *name = luaL_checkstring(lua, 1);
  const char *text = moontide_module_text(name);
  if (!text) {
    lua_pushfstring(lua, "no embedded module '%s'", name);
    return 1;
  }
  // The chunk's name marks the frames that `where` skips.
  const char *chunk = lua_pushfstring(lua, "=%s", name);
  if (luaL_loadbufferx(lua, text, strlen(text), chunk, "t") != LUA_OK) return lua_error(lua);
  lua_pushstring(lua, chunk + 1);
  return 2;
}
