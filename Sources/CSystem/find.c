#define _GNU_SOURCE
#include <string.h>

#include "CSystem.h"

const void *moontide_find(const void *text, size_t length, const void *part, size_t part_length) {
  return memmem(text, length, part, part_length);
}
