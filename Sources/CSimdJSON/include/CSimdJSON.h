#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// simdjson's first stage: finds the structural characters of a block and checks its UTF-8.
typedef struct moontide_json_index moontide_json_index;

/// An index for blocks of up to `capacity` bytes; NULL when memory is short.
moontide_json_index *moontide_json_index_create(size_t capacity);
void moontide_json_index_free(moontide_json_index *index);

/// Indexes `length` bytes, behind which 64 more must be readable. Returns the number of
/// structurals, or a negative number when the block as a whole cannot be indexed: a string is left
/// open, has a raw control character, or the bytes are not UTF-8.
int64_t moontide_json_index_block(moontide_json_index *index, const uint8_t *bytes, size_t length);

/// The positions found by the last call, ascending; behind them stands one more, the length.
const uint32_t *moontide_json_index_positions(const moontide_json_index *index);

#ifdef __cplusplus
}
#endif
#endif
