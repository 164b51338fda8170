#pragma once
unsigned long long moontide_hash64(const void *bytes, unsigned long count, unsigned long long seed);
