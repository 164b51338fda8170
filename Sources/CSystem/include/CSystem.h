#pragma once

#include <stddef.h>
#include <stdint.h>

#include "prefetch.h"

// The small C libraries that every room may use.
#include "compress.h"
#include "transcode.h"
#include "text.h"

/// XXH3, 64 bits.
uint64_t moontide_hash64(const void *_Nullable bytes, unsigned long count, uint64_t seed);

/// Whether this processor has what the column kernels are compiled for.
int moontide_has_avx2(void);

/// renameat2 with RENAME_NOREPLACE: fails with EEXIST where `to` exists. 0, or -1 and errno.
int moontide_rename_new(const char *_Nonnull from, const char *_Nonnull to);
/// F_OFD_SETLK for writing: a lock of the open file, not of the process. 0, or -1 and errno.
int moontide_lock_file(int descriptor);
/// Whether somebody holds the lock that `moontide_lock_file` takes: 0 or 1, or -1 and errno.
int moontide_is_locked(int descriptor);

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

// Regular expressions: PCRE2, compiled with its JIT. One user at a time.

typedef struct moontide_regex moontide_regex;

/// NULL when the pattern is malformed, with the reason in `message`.
moontide_regex *_Nullable moontide_regex_new(
    const void *_Nonnull pattern, size_t length, char *_Nonnull message, size_t message_size);
void moontide_regex_free(moontide_regex *_Nonnull regex);
/// Capturing groups, the whole match not counted.
int moontide_regex_group_count(const moontide_regex *_Nonnull regex);
/// More than 0: a match at or behind `start`; 0: none; less: the search was given up.
int moontide_regex_match(
    moontide_regex *_Nonnull regex, const void *_Nullable text, size_t length, size_t start);
/// Start and end of the whole match, then of each group; SIZE_MAX: a group that took no part.
const size_t *_Nonnull moontide_regex_ranges(const moontide_regex *_Nonnull regex);

/// The first place of some bytes in others; NULL: nowhere.
const void *_Nullable moontide_find(
    const void *_Nonnull text, size_t length, const void *_Nonnull part, size_t part_length);

/// Writes a digest to `out` (64 bytes at most) and returns its length. `kind`: 5 is MD5, 1 SHA-1,
/// 224, 256, 384 and 512 SHA-2.
int moontide_digest(int kind, const void *_Nullable bytes, size_t count, uint8_t *_Nonnull out);
uint32_t moontide_crc32(const void *_Nullable bytes, size_t count);

/// Pages of zeros, and the same with another number of bytes, perhaps elsewhere; NULL where there
/// is no memory. `munmap` gives them back.
void *_Nullable moontide_map(size_t bytes);
void *_Nullable moontide_remap(
    void *_Nonnull memory, size_t old_bytes, size_t new_bytes);

/// Makes the allocator map blocks of 256 KiB and more one by one, so that they leave the process
/// when they are freed. It would otherwise stop doing so when it has seen some larger ones go.
void moontide_map_large_blocks(void);

/// Gives the memory that the allocator keeps back to the system.
void moontide_trim(void);
