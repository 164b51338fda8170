#include "CSystem.h"
#include <xxhash.h>
static const char text[] = {
#embed "../../Package.swift"
};
unsigned long long moontide_hash64(const void *bytes, unsigned long count, unsigned long long seed) { (void)text; return XXH3_64bits_withSeed(bytes, count, seed); }
