#pragma once

#include <stddef.h>
#include <stdint.h>

// The small C libraries that every room may use.

/// XXH3, 64 bits.
uint64_t moontide_hash64(const void *_Nullable bytes, unsigned long count, uint64_t seed);

/// Whether this processor has what the column kernels are compiled for.
int moontide_has_avx2(void);
