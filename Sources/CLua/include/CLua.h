#pragma once
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
int moontide_lua_version(void);
