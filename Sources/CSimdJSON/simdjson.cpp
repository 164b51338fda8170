#include "CSimdJSON.h"
#include <simdjson.h>
extern "C" int moontide_simdjson_version(void) { return simdjson::SIMDJSON_VERSION_MAJOR; }
