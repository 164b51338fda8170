#define _GNU_SOURCE
#include "CSystem.h"
#include <malloc.h>
#include <sys/mman.h>

void *moontide_map(size_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void *moontide_remap(void *memory, size_t old_bytes, size_t new_bytes) {
  void *moved = mremap(memory, old_bytes, new_bytes, MREMAP_MAYMOVE);
  return moved == MAP_FAILED ? NULL : moved;
}

void moontide_map_large_blocks(void) { mallopt(M_MMAP_THRESHOLD, 256 << 10); }

void moontide_trim(void) { malloc_trim(0); }
