#include "line.h"
#include "ports.h"

/* Longest line: a boot option with description and device path, both capped by their callers. A field that does not
 * fit is cut, never the line's end: RESERVE keeps room for it. */
enum { LINE_BYTES = 4096, RESERVE = 64 };

static char line[LINE_BYTES];
static usize length;
static int needs_comma;
static int is_cut;
static u64 sequence;
static u64 count;
static u32 checksum = 0xffffffffu;

static void put(char c) {
  if (length < LINE_BYTES - RESERVE) line[length++] = c;
  else
    is_cut = 1;
}

static void put_all(const char *text) {
  while (*text) put(*text++);
}

static void put_number(u64 value) {
  char digits[20];
  usize n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n) put(digits[--n]);
}

static void put_hex(u32 value, usize digits, const char *alphabet) {
  while (digits--) put(alphabet[value >> (digits * 4) & 15]);
}

static const char lower[] = "0123456789abcdef";
static const char upper[] = "0123456789ABCDEF";

static void put_char(char16 c) {
  if (length > LINE_BYTES - RESERVE - 8) {
    is_cut = 1; /* never half an escape */
    return;
  }
  if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') return put((char)c);
  put_all("\\u");
  put_hex(c, 4, lower);
}

/* False where the line is too full for another field: the field is then left out as a whole. */
static int open_field(const char *name) {
  if (length > LINE_BYTES - 4 * RESERVE) {
    is_cut = 1;
    return 0;
  }
  if (needs_comma) put(',');
  needs_comma = 1;
  if (!name) return 1; /* an item of an array */
  put('"');
  put_all(name);
  put_all("\":");
  return 1;
}

static void put_bytes(const void *text, usize size) {
  const u8 *bytes = text;
  put('"');
  for (usize i = 0; i < size && bytes[i]; i++) put_char(bytes[i]);
  line[length++] = '"'; /* within RESERVE: a cut text is still closed */
}

static void add_to_checksum(u8 byte) {
  checksum ^= byte;
  for (int i = 0; i < 8; i++) checksum = checksum >> 1 ^ (checksum & 1 ? 0xedb88320u : 0);
}

void line_begin(const char *type) {
  length = 0;
  is_cut = 0;
  needs_comma = 0;
  put_all("{\"azl\":\"probe\",\"v\":1,\"seq\":");
  put_number(sequence++);
  put_all(",\"type\":\"");
  put_all(type);
  put('"');
  needs_comma = 1;
}

void line_end(void) {
  static const char cut[] = ",\"cut\":true";
  if (is_cut)
    for (usize i = 0; cut[i]; i++) line[length++] = cut[i];
  line[length++] = '}';
  for (usize i = 0; i < length; i++) add_to_checksum((u8)line[i]);
  add_to_checksum('\n');
  count++;
  line[length++] = '\r';
  line[length++] = '\n';
  ports_write(line, length);
}

void field_number(const char *name, u64 value) {
  if (!open_field(name)) return;
  put_number(value);
}

void field_bool(const char *name, int value) {
  if (!open_field(name)) return;
  put_all(value ? "true" : "false");
}

void field_null(const char *name) {
  if (!open_field(name)) return;
  put_all("null");
}

void field_text(const char *name, const void *text, usize size) {
  if (!open_field(name)) return;
  put_bytes(text, size);
}

void field_wide(const char *name, const char16 *text, usize max_chars) {
  if (!open_field(name)) return;
  put('"');
  for (usize i = 0; i < max_chars && text[i]; i++) put_char(text[i]);
  line[length++] = '"';
}

void field_hex(const char *name, const u8 *bytes, usize size, char separator) {
  if (!open_field(name)) return;
  put('"');
  for (usize i = 0; i < size; i++) {
    if (i && separator) put(separator);
    put_hex(bytes[i], 2, lower);
  }
  line[length++] = '"';
}

void field_code(const char *name, u32 value, usize digits) {
  if (!open_field(name)) return;
  put('"');
  put_hex(value, digits, upper);
  put('"');
}

static int is_in_array;

void array_begin(const char *name) {
  is_in_array = open_field(name);
  if (!is_in_array) return;
  put('[');
  needs_comma = 0;
}

void array_end(void) {
  if (!is_in_array) return;
  line[length++] = ']';
  needs_comma = 1;
}

void item_text(const void *text, usize size) {
  if (!open_field(0)) return;
  put_bytes(text, size);
}

void item_code(u32 value, usize digits) {
  if (!open_field(0)) return;
  put('"');
  put_hex(value, digits, upper);
  put('"');
}

usize line_length(void) { return length; }

u64 line_count(void) { return count; }

void field_checksum(void) {
  u32 before = checksum;
  for (usize i = 0; i < length; i++) add_to_checksum((u8)line[i]);
  u32 here = ~checksum;
  checksum = before;
  field_code("crc32", here, 8);
}

void line_checksum_restart(void) {
  count = 0;
  checksum = 0xffffffffu;
}
