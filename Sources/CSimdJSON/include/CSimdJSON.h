#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int moontide_simdjson_version(void);
#ifdef __cplusplus
}
#endif
