#include "CSystem.h"

#include <xxhash.h>

uint64_t moontide_hash64(const void *bytes, unsigned long count, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, count, seed);
}
