#include "Internal.h"

// The Lua side of Moontide, embedded. A new file of stdlib/moontide/ is one entry here.

struct module {
  const char *name;
  const unsigned char *text;
};

static const struct module modules[] = {
  {"moontide.error", (const unsigned char[]){
#embed "../../stdlib/moontide/error.lua" suffix(, 0)
  }},
  {"moontide.json", (const unsigned char[]){
#embed "../../stdlib/moontide/json.lua" suffix(, 0)
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
