#include "memory.h"

void *memset(void *to, int value, usize size) {
  volatile u8 *out = to; /* volatile: or the compiler turns the loop into a call of this very function */
  while (size--) *out++ = (u8)value;
  return to;
}

void *memcpy(void *to, const void *from, usize size) {
  volatile u8 *out = to;
  const u8 *in = from;
  while (size--) *out++ = *in++;
  return to;
}

int memcmp(const void *left, const void *right, usize size) {
  const volatile u8 *a = left;
  const u8 *b = right;
  for (; size; size--, a++, b++)
    if (*a != *b) return *a < *b ? -1 : 1;
  return 0;
}

u16 read_u16(const void *at) {
  const u8 *b = at;
  return (u16)(b[0] | b[1] << 8);
}

u32 read_u32(const void *at) {
  const u8 *b = at;
  return (u32)read_u16(b) | (u32)read_u16(b + 2) << 16;
}

u64 read_u64(const void *at) {
  const u8 *b = at;
  return (u64)read_u32(b) | (u64)read_u32(b + 4) << 32;
}
