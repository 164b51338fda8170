#ifndef MOONTIDE_COMPRESS_H
#define MOONTIDE_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

/// The compressed formats, by name.
enum { MOONTIDE_GZIP = 1, MOONTIDE_ZSTD = 2, MOONTIDE_BZIP2 = 3, MOONTIDE_DEFLATE = 4 };

/// Decodes one stream of bytes piece by piece; members that follow one another count as one.
typedef struct moontide_decompressor moontide_decompressor;

/// NULL when memory is short.
moontide_decompressor *moontide_decompressor_create(int format);
void moontide_decompressor_free(moontide_decompressor *decoder);

/// Takes from `input` (`*input_size` bytes: how many were taken) and writes to `output`
/// (`*output_size` bytes: how many were written). 0: go on. 1: a member ended. Negative: the data
/// is damaged.
int moontide_decompressor_run(
    moontide_decompressor *decoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size);

/// Encodes one stream of bytes piece by piece.
typedef struct moontide_compressor moontide_compressor;

/// NULL when memory is short.
moontide_compressor *moontide_compressor_create(int format);
void moontide_compressor_free(moontide_compressor *encoder);

/// As `moontide_decompressor_run`; with `finish` also what ends the stream, until it returns 1.
int moontide_compressor_run(
    moontide_compressor *encoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size, int finish);

#endif
