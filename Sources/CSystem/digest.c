#include <string.h>
#include <zlib.h>

#include "CSystem.h"

// MD5 (RFC 1321), SHA-1 and SHA-2 (FIPS 180-4) of one message.

static const uint32_t md5_sines[64] = {
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
  0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
  0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
  0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
  0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
  0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
  0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
  0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
  0xeb86d391,
};

static const uint8_t md5_shifts[64] = {
  7, 12, 17, 22, 7, 12, 17, 22, 7, 12, 17, 22, 7, 12, 17, 22, 5, 9, 14, 20, 5, 9, 14, 20, 5, 9,
  14, 20, 5, 9, 14, 20, 4, 11, 16, 23, 4, 11, 16, 23, 4, 11, 16, 23, 4, 11, 16, 23, 6, 10, 15,
  21, 6, 10, 15, 21, 6, 10, 15, 21, 6, 10, 15, 21,
};

// The fractions of the cube roots of the first primes. SHA-256 takes their upper halves.
static const uint64_t sha2_rounds[80] = {
  0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu,
  0x3956c25bf348b538u, 0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u,
  0xd807aa98a3030242u, 0x12835b0145706fbeu, 0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u,
  0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u, 0xc19bf174cf692694u,
  0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
  0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u,
  0x983e5152ee66dfabu, 0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u,
  0xc6e00bf33da88fc2u, 0xd5a79147930aa725u, 0x06ca6351e003826fu, 0x142929670a0e6e70u,
  0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu, 0x53380d139d95b3dfu,
  0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
  0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u,
  0xd192e819d6ef5218u, 0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u,
  0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u, 0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u,
  0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u, 0x682e6ff3d6b2b8a3u,
  0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
  0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu,
  0xca273eceea26619cu, 0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u,
  0x06f067aa72176fbau, 0x0a637dc5a2c898a6u, 0x113f9804bef90daeu, 0x1b710b35131c471bu,
  0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu, 0x431d67c49c100d4cu,
  0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u,
};

// The fractions of the square roots of the first 8 primes, and of the next 8.
static const uint64_t sha512_start[8] = {
  0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
  0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};
static const uint64_t sha384_start[8] = {
  0xcbbb9d5dc1059ed8u, 0x629a292a367cd507u, 0x9159015a3070dd17u, 0x152fecd8f70e5939u,
  0x67332667ffc00b31u, 0x8eb44a8768581511u, 0xdb0c2e0d64f98fa7u, 0x47b5481dbefa4fa4u,
};

static uint32_t left32(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint32_t right32(uint32_t x, int n) { return x >> n | x << (32 - n); }
static uint64_t right64(uint64_t x, int n) { return x >> n | x << (64 - n); }

static void md5_block(void *state, const uint8_t *block) {
  uint32_t *s = state, words[16];
  memcpy(words, block, 64);
  uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
  for (int i = 0; i < 64; i++) {
    uint32_t mixed;
    int word;
    switch (i / 16) {
    case 0: mixed = (b & c) | (~b & d); word = i; break;
    case 1: mixed = (d & b) | (~d & c); word = (5 * i + 1) % 16; break;
    case 2: mixed = b ^ c ^ d; word = (3 * i + 5) % 16; break;
    default: mixed = c ^ (b | ~d); word = 7 * i % 16;
    }
    uint32_t sum = mixed + a + md5_sines[i] + words[word];
    a = d, d = c, c = b;
    b += left32(sum, md5_shifts[i]);
  }
  s[0] += a, s[1] += b, s[2] += c, s[3] += d;
}

static uint32_t big32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void sha1_block(void *state, const uint8_t *block) {
  uint32_t *s = state, w[80];
  for (int i = 0; i < 16; i++) w[i] = big32(block + i * 4);
  for (int i = 16; i < 80; i++) w[i] = left32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];
  for (int i = 0; i < 80; i++) {
    uint32_t mixed, constant;
    switch (i / 20) {
    case 0: mixed = (b & c) | (~b & d); constant = 0x5a827999; break;
    case 1: mixed = b ^ c ^ d; constant = 0x6ed9eba1; break;
    case 2: mixed = (b & c) | (b & d) | (c & d); constant = 0x8f1bbcdc; break;
    default: mixed = b ^ c ^ d; constant = 0xca62c1d6;
    }
    uint32_t next = left32(a, 5) + mixed + e + constant + w[i];
    e = d, d = c, c = left32(b, 30), b = a, a = next;
  }
  s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e;
}

static void sha256_block(void *state, const uint8_t *block) {
  uint32_t *s = state, w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = big32(block + i * 4);
  for (int i = 16; i < 64; i++) {
    uint32_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + (right32(x, 7) ^ right32(x, 18) ^ x >> 3) + w[i - 7]
        + (right32(y, 17) ^ right32(y, 19) ^ y >> 10);
  }
  memcpy(v, s, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = v[4], a = v[0];
    uint32_t first = v[7] + (right32(e, 6) ^ right32(e, 11) ^ right32(e, 25))
        + ((e & v[5]) ^ (~e & v[6])) + (uint32_t)(sha2_rounds[i] >> 32) + w[i];
    uint32_t second = (right32(a, 2) ^ right32(a, 13) ^ right32(a, 22))
        + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < 8; i++) s[i] += v[i];
}

static void sha512_block(void *state, const uint8_t *block) {
  uint64_t *s = state, w[80], v[8];
  for (int i = 0; i < 16; i++) {
    w[i] = (uint64_t)big32(block + i * 8) << 32 | big32(block + i * 8 + 4);
  }
  for (int i = 16; i < 80; i++) {
    uint64_t x = w[i - 15], y = w[i - 2];
    w[i] = w[i - 16] + (right64(x, 1) ^ right64(x, 8) ^ x >> 7) + w[i - 7]
        + (right64(y, 19) ^ right64(y, 61) ^ y >> 6);
  }
  memcpy(v, s, sizeof v);
  for (int i = 0; i < 80; i++) {
    uint64_t e = v[4], a = v[0];
    uint64_t first = v[7] + (right64(e, 14) ^ right64(e, 18) ^ right64(e, 41))
        + ((e & v[5]) ^ (~e & v[6])) + sha2_rounds[i] + w[i];
    uint64_t second = (right64(a, 28) ^ right64(a, 34) ^ right64(a, 39))
        + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < 8; i++) s[i] += v[i];
}

/// Runs a message, padded, through a block function. `block` is 64 or 128 bytes.
static void run(void *state, void (*step)(void *, const uint8_t *), size_t block,
                const uint8_t *bytes, size_t count, int big_endian) {
  size_t whole = count / block * block;
  for (size_t at = 0; at < whole; at += block) step(state, bytes + at);
  uint8_t tail[256] = {0};
  size_t rest = count - whole, length = block / 8;
  if (rest) memcpy(tail, bytes + whole, rest);
  tail[rest] = 0x80;
  size_t end = rest + 1 + length <= block ? block : 2 * block;
  for (int i = 0; i < 8; i++) {
    size_t at = big_endian ? end - 1 - i : end - 8 + i;
    tail[at] = (uint8_t)((uint64_t)count * 8 >> (8 * i));
  }
  for (size_t at = 0; at < end; at += block) step(state, tail + at);
}

int moontide_digest(int kind, const void *bytes, size_t count, uint8_t *out) {
  if (kind == 5) {
    uint32_t s[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    run(s, md5_block, 64, bytes, count, 0);
    memcpy(out, s, 16);
    return 16;
  }
  if (kind == 1) {
    uint32_t s[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    run(s, sha1_block, 64, bytes, count, 1);
    for (int i = 0; i < 20; i++) out[i] = (uint8_t)(s[i / 4] >> (24 - i % 4 * 8));
    return 20;
  }
  if (kind == 224 || kind == 256) {
    uint32_t s[8];
    for (int i = 0; i < 8; i++)
      s[i] = kind == 256 ? (uint32_t)(sha512_start[i] >> 32) : (uint32_t)sha384_start[i];
    run(s, sha256_block, 64, bytes, count, 1);
    for (int i = 0; i < kind / 8; i++) out[i] = (uint8_t)(s[i / 4] >> (24 - i % 4 * 8));
    return kind / 8;
  }
  uint64_t s[8];
  memcpy(s, kind == 512 ? sha512_start : sha384_start, sizeof s);
  run(s, sha512_block, 128, bytes, count, 1);
  for (int i = 0; i < kind / 8; i++) out[i] = (uint8_t)(s[i / 8] >> (56 - i % 8 * 8));
  return kind / 8;
}

uint32_t moontide_crc32(const void *bytes, size_t count) {
  return (uint32_t)crc32_z(0, bytes ? bytes : (const void *)"", count);
}
