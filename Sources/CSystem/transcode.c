#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#include "CSystem.h"

struct moontide_transcoder {
  iconv_t handle;
};

moontide_transcoder *moontide_transcoder_create(const char *to, const char *from) {
  iconv_t handle = iconv_open(to, from);
  if (handle == (iconv_t)-1) return NULL;
  moontide_transcoder *coder = malloc(sizeof *coder);
  if (!coder) {
    iconv_close(handle);
    return NULL;
  }
  coder->handle = handle;
  return coder;
}

void moontide_transcoder_free(moontide_transcoder *coder) {
  iconv_close(coder->handle);
  free(coder);
}

int moontide_transcoder_run(
    moontide_transcoder *coder, const uint8_t *input, size_t *input_size, uint8_t *output,
    size_t *output_size) {
  char *in = (char *)input;
  char *out = (char *)output;
  size_t in_left = *input_size;
  size_t out_left = *output_size;
  size_t status = iconv(coder->handle, &in, &in_left, &out, &out_left);
  int reason = status == (size_t)-1 ? errno : 0;
  *input_size -= in_left;
  *output_size -= out_left;
  if (reason == EILSEQ) return MOONTIDE_TEXT_UNKNOWN;
  return reason == EINVAL ? MOONTIDE_TEXT_CUT : MOONTIDE_TEXT_WANTS_MORE;
}
