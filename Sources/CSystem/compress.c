#include "compress.h"

#include <bzlib.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

struct moontide_decompressor {
  int format;
  z_stream zlib;
  ZSTD_DStream *zstd;
  bz_stream bzip2;
  int bzip2_open;
};

static int clamp(size_t size) { return size > 1 << 30 ? 1 << 30 : (int)size; }

moontide_decompressor *moontide_decompressor_create(int format) {
  moontide_decompressor *decoder = calloc(1, sizeof *decoder);
  if (!decoder) return NULL;
  decoder->format = format;
  int failed = 1;
  if (format == MOONTIDE_GZIP || format == MOONTIDE_DEFLATE) {
    failed = inflateInit2(&decoder->zlib, 15 + 32) != Z_OK;
  }
  if (format == MOONTIDE_ZSTD) failed = (decoder->zstd = ZSTD_createDStream()) == NULL;
  if (format == MOONTIDE_BZIP2) {
    failed = BZ2_bzDecompressInit(&decoder->bzip2, 0, 0) != BZ_OK;
    decoder->bzip2_open = !failed;
  }
  if (!failed) return decoder;
  free(decoder);
  return NULL;
}

void moontide_decompressor_free(moontide_decompressor *decoder) {
  if (decoder->format == MOONTIDE_GZIP || decoder->format == MOONTIDE_DEFLATE) {
    inflateEnd(&decoder->zlib);
  }
  if (decoder->format == MOONTIDE_ZSTD) ZSTD_freeDStream(decoder->zstd);
  if (decoder->bzip2_open) BZ2_bzDecompressEnd(&decoder->bzip2);
  free(decoder);
}

static int run_inflate(
    moontide_decompressor *decoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size) {
  z_stream *stream = &decoder->zlib;
  int in = clamp(*input_size), out = clamp(*output_size);
  stream->next_in = (uint8_t *)input;
  stream->avail_in = (unsigned)in;
  stream->next_out = output;
  stream->avail_out = (unsigned)out;
  int status = inflate(stream, Z_NO_FLUSH);
  *input_size = (size_t)in - stream->avail_in;
  *output_size = (size_t)out - stream->avail_out;
  if (status == Z_STREAM_END) return inflateReset(stream) == Z_OK ? 1 : -1;
  return status == Z_OK || status == Z_BUF_ERROR ? 0 : -1;
}

static int run_zstd(
    moontide_decompressor *decoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size) {
  ZSTD_inBuffer in = {input, *input_size, 0};
  ZSTD_outBuffer out = {output, *output_size, 0};
  size_t status = ZSTD_decompressStream(decoder->zstd, &out, &in);
  *input_size = in.pos;
  *output_size = out.pos;
  if (ZSTD_isError(status)) return -1;
  return status == 0 ? 1 : 0;
}

static int run_bzip2(
    moontide_decompressor *decoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size) {
  bz_stream *stream = &decoder->bzip2;
  int in = clamp(*input_size), out = clamp(*output_size);
  stream->next_in = (char *)input;
  stream->avail_in = (unsigned)in;
  stream->next_out = (char *)output;
  stream->avail_out = (unsigned)out;
  int status = BZ2_bzDecompress(stream);
  *input_size = (size_t)in - stream->avail_in;
  *output_size = (size_t)out - stream->avail_out;
  if (status == BZ_STREAM_END) {
    BZ2_bzDecompressEnd(stream);
    decoder->bzip2_open = 0;
    memset(stream, 0, sizeof *stream);
    decoder->bzip2_open = BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK;
    return decoder->bzip2_open ? 1 : -1;
  }
  return status == BZ_OK ? 0 : -1;
}

int moontide_decompressor_run(
    moontide_decompressor *decoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size) {
  switch (decoder->format) {
    case MOONTIDE_GZIP:
    case MOONTIDE_DEFLATE: return run_inflate(decoder, input, input_size, output, output_size);
    case MOONTIDE_ZSTD: return run_zstd(decoder, input, input_size, output, output_size);
    default: return run_bzip2(decoder, input, input_size, output, output_size);
  }
}

struct moontide_compressor {
  int format;
  z_stream zlib;
  ZSTD_CStream *zstd;
  bz_stream bzip2;
};

moontide_compressor *moontide_compressor_create(int format) {
  moontide_compressor *encoder = calloc(1, sizeof *encoder);
  if (!encoder) return NULL;
  encoder->format = format;
  int failed = 1;
  if (format == MOONTIDE_GZIP || format == MOONTIDE_DEFLATE) {
    // 16 more bits of window mean the header of gzip instead of zlib's.
    failed = deflateInit2(
        &encoder->zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format == MOONTIDE_GZIP ? 15 + 16 : 15,
        8, Z_DEFAULT_STRATEGY) != Z_OK;
  }
  if (format == MOONTIDE_ZSTD) failed = (encoder->zstd = ZSTD_createCStream()) == NULL;
  if (format == MOONTIDE_BZIP2) failed = BZ2_bzCompressInit(&encoder->bzip2, 9, 0, 0) != BZ_OK;
  if (!failed) return encoder;
  free(encoder);
  return NULL;
}

void moontide_compressor_free(moontide_compressor *encoder) {
  if (encoder->format == MOONTIDE_GZIP || encoder->format == MOONTIDE_DEFLATE) {
    deflateEnd(&encoder->zlib);
  }
  if (encoder->format == MOONTIDE_ZSTD) ZSTD_freeCStream(encoder->zstd);
  if (encoder->format == MOONTIDE_BZIP2) BZ2_bzCompressEnd(&encoder->bzip2);
  free(encoder);
}

static int run_deflate(
    moontide_compressor *encoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size, int finish) {
  z_stream *stream = &encoder->zlib;
  int in = clamp(*input_size), out = clamp(*output_size);
  stream->next_in = (uint8_t *)input;
  stream->avail_in = (unsigned)in;
  stream->next_out = output;
  stream->avail_out = (unsigned)out;
  int status = deflate(stream, finish ? Z_FINISH : Z_NO_FLUSH);
  *input_size = (size_t)in - stream->avail_in;
  *output_size = (size_t)out - stream->avail_out;
  if (status == Z_STREAM_END) return 1;
  return status == Z_OK || status == Z_BUF_ERROR ? 0 : -1;
}

static int run_zstd_encoder(
    moontide_compressor *encoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size, int finish) {
  ZSTD_inBuffer in = {input, *input_size, 0};
  ZSTD_outBuffer out = {output, *output_size, 0};
  size_t status =
      ZSTD_compressStream2(encoder->zstd, &out, &in, finish ? ZSTD_e_end : ZSTD_e_continue);
  *input_size = in.pos;
  *output_size = out.pos;
  if (ZSTD_isError(status)) return -1;
  return finish && status == 0 ? 1 : 0;
}

static int run_bzip2_encoder(
    moontide_compressor *encoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size, int finish) {
  bz_stream *stream = &encoder->bzip2;
  int in = clamp(*input_size), out = clamp(*output_size);
  // Without input there is nothing to do but to finish, and bzip2 calls that an error.
  if (in == 0 && !finish) {
    *output_size = 0;
    return 0;
  }
  stream->next_in = (char *)input;
  stream->avail_in = (unsigned)in;
  stream->next_out = (char *)output;
  stream->avail_out = (unsigned)out;
  int status = BZ2_bzCompress(stream, finish ? BZ_FINISH : BZ_RUN);
  *input_size = (size_t)in - stream->avail_in;
  *output_size = (size_t)out - stream->avail_out;
  if (status == BZ_STREAM_END) return 1;
  return status == BZ_RUN_OK || status == BZ_FINISH_OK ? 0 : -1;
}

int moontide_compressor_run(
    moontide_compressor *encoder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size, int finish) {
  switch (encoder->format) {
    case MOONTIDE_GZIP:
    case MOONTIDE_DEFLATE:
      return run_deflate(encoder, input, input_size, output, output_size, finish);
    case MOONTIDE_ZSTD:
      return run_zstd_encoder(encoder, input, input_size, output, output_size, finish);
    default: return run_bzip2_encoder(encoder, input, input_size, output, output_size, finish);
  }
}
