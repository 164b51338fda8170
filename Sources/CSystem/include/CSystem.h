#pragma once

#include <stddef.h>
#include <stdint.h>

// The small C libraries that every room may use.

/// XXH3, 64 bits.
uint64_t moontide_hash64(const void *_Nullable bytes, unsigned long count, uint64_t seed);

/// Whether this processor has what the column kernels are compiled for.
int moontide_has_avx2(void);

// Tables of HyperLogLog++; see hyperloglog_estimates.c.
extern const int moontide_hyperloglog_starts[16];
extern const double moontide_hyperloglog_estimates[];
extern const double moontide_hyperloglog_biases[];

// The same for Swift, which sees no array without a length.
static inline int moontide_hyperloglog_start(int index) {
  return moontide_hyperloglog_starts[index];
}
static inline double moontide_hyperloglog_estimate(int index) {
  return moontide_hyperloglog_estimates[index];
}
static inline double moontide_hyperloglog_bias(int index) {
  return moontide_hyperloglog_biases[index];
}
