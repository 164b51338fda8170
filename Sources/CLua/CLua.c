#include "CLua.h"
int moontide_lua_version(void) { return LUA_VERSION_NUM; }
