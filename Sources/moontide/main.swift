import CLua
import Script
print("moontide", moontide_lua_version())
