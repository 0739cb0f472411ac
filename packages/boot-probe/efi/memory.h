#ifndef MEMORY_H
#define MEMORY_H
#include "uefi.h"

/* Freestanding C: the compiler itself emits calls to these. */
void *memset(void *to, int value, usize size);
void *memcpy(void *to, const void *from, usize size);
int memcmp(const void *left, const void *right, usize size);

/* Unaligned little-endian reads: firmware tables are packed. */
u16 read_u16(const void *at);
u32 read_u32(const void *at);
u64 read_u64(const void *at);

#endif
