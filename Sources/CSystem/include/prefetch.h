#pragma once

/// Asks for a cache line that will be read and written soon.
static inline void moontide_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }
