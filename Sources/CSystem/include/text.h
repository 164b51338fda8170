#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

/// Copies bytes that JSON text needs not escape and returns how many there are from the start.
/// Reads and writes up to 32 bytes behind `count`.
static inline size_t moontide_copy_plain(
    uint8_t *_Nonnull target, const uint8_t *_Nonnull source, size_t count) {
  size_t at = 0;
#if defined(__AVX2__)
  const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
  const __m256i control = _mm256_set1_epi8(0x1F);
  while (at < count) {
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(source + at));
    _mm256_storeu_si256((__m256i *)(target + at), bytes);
    __m256i special = _mm256_or_si256(
        _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)),
        _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, control), control));
    uint32_t mask = (uint32_t)_mm256_movemask_epi8(special);
    if (mask != 0) {
      size_t found = at + (size_t)__builtin_ctz(mask);
      return found < count ? found : count;
    }
    at += 32;
  }
  return count;
#else
  while (at < count) {
    uint8_t byte = source[at];
    if (byte < 0x20 || byte == '"' || byte == '\\') return at;
    target[at] = byte;
    at++;
  }
  return count;
#endif
}
