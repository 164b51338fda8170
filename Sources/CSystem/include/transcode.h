#ifndef MOONTIDE_TRANSCODE_H
#define MOONTIDE_TRANSCODE_H

#include <stddef.h>
#include <stdint.h>

/// Turns text of one encoding into another, piece by piece.
typedef struct moontide_transcoder moontide_transcoder;

/// NULL when the C library knows no such pair of encodings.
moontide_transcoder *moontide_transcoder_create(const char *to, const char *from);
void moontide_transcoder_free(moontide_transcoder *coder);

enum { MOONTIDE_TEXT_WANTS_MORE = 0, MOONTIDE_TEXT_UNKNOWN = 1, MOONTIDE_TEXT_CUT = 2 };

/// Takes from `input` (`*input_size` bytes: how many were taken) and writes to `output`
/// (`*output_size` bytes: how many were written). WANTS_MORE: the input is used up, or the output
/// is full. UNKNOWN: behind what was taken stands what has no character in the other encoding. CUT:
/// the input ends inside a character.
int moontide_transcoder_run(
    moontide_transcoder *coder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size);

#endif
