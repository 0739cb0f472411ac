#ifndef LINE_H
#define LINE_H
#include "uefi.h"

/* One JSON object per line on the serial port:
 *
 *   {"azl":"probe","v":1,"seq":0,"type":"begin",...}\r\n
 *
 * `seq` counts from 0. Only printable ASCII is sent; everything else is \uXXXX. The checksum is CRC-32 (IEEE 802.3,
 * reflected, as zlib's) over each line before, from its "{" to its "}", followed by one "\n" (not the "\r\n" of the
 * wire), and then over the closing line itself up to where `,"crc32":"` begins. */

void line_begin(const char *type);
void line_end(void);

void field_number(const char *name, u64 value);
void field_bool(const char *name, int value);
void field_null(const char *name);
/* ASCII or Latin-1 bytes, up to `size` or the first NUL. */
void field_text(const char *name, const void *text, usize size);
void field_wide(const char *name, const char16 *text, usize max_chars);
/* Two digits per byte, lower case, with an optional separator (0: none) between bytes. */
void field_hex(const char *name, const u8 *bytes, usize size, char separator);
/* "0x" is not written: `digits` hex digits, upper case, as in Boot000A. */
void field_code(const char *name, u32 value, usize digits);

void array_begin(const char *name);
void array_end(void);
void item_text(const void *text, usize size);
void item_code(u32 value, usize digits);

/* The last field of a closing line: eight hex digits, upper case. */
void field_checksum(void);

/* Bytes of the open line; lines since the last restart. */
usize line_length(void);
u64 line_count(void);
void line_checksum_restart(void);

#endif
