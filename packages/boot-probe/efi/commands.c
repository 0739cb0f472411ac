/* `then=wait`: short commands, each ended by CR or LF, from a serial port or the keyboard. */
#include "line.h"
#include "memory.h"
#include "ports.h"
#include "probe.h"

enum { MAX_COMMAND = 64 };
enum { TICK_100NS = 50000 }; /* 5 ms: a 16-byte FIFO at 115200 baud fills in 1.4 ms, so senders keep commands short */
enum { FLOOD_LINE_BYTES = 1024, MAX_FLOOD_KIB = 1024 * 1024 };

static int is_command(const char *text, usize size, const char *name) {
  usize i = 0;
  while (name[i] && i < size && text[i] == name[i]) i++;
  return !name[i] && (i == size || text[i] == ' ');
}

static u64 argument(const char *text, usize size) {
  u64 value = 0;
  usize i = 0;
  while (i < size && text[i] != ' ') i++;
  for (i++; i < size && text[i] >= '0' && text[i] <= '9' && value < MAX_FLOOD_KIB; i++) value = value * 10 + (u64)(text[i] - '0');
  return value > MAX_FLOOD_KIB ? MAX_FLOOD_KIB : value;
}

/* One KiB each, "\r\n" counted: with a filler of the length that is left. */
static void flood_line(u64 index) {
  static char filler[FLOOD_LINE_BYTES];
  memset(filler, 'x', sizeof filler);
  line_begin("flood");
  field_number("index", index);
  usize rest = FLOOD_LINE_BYTES - line_length() - sizeof ",\"fill\":\"\"}\r\n" + 1;
  field_text("fill", filler, rest);
  line_end();
}

static void flood(u64 kib) {
  line_checksum_restart();
  for (u64 i = 0; i < kib; i++) flood_line(i);
  u64 count = line_count();
  line_begin("flood-end");
  field_number("count", count);
  field_number("droppedBytes", ports_dropped_bytes());
  field_checksum();
  line_end();
}

static void answer(const char *type, const char *text, usize size) {
  line_begin(type);
  field_text("text", text, size);
  line_end();
}

static void run(const char *text, usize size) {
  if (is_command(text, size, "off")) {
    answer("off", text, size);
    power_off();
  }
  if (is_command(text, size, "flood")) return flood(argument(text, size));
  answer(is_command(text, size, "ping") ? "pong" : "unknown-command", text, size);
}

static void take(int byte) {
  static char command[MAX_COMMAND];
  static usize size;
  if (byte != '\r' && byte != '\n') {
    if (size < MAX_COMMAND) command[size++] = (char)byte;
    return;
  }
  usize length = size;
  size = 0;
  if (length) run(command, length);
}

static void take_keys(void) {
  efi_input_key key;
  efi_text_input *keyboard = system_table->console_in;
  while (keyboard && !is_error(keyboard->read_key_stroke(keyboard, &key)))
    if (key.unicode_char && key.unicode_char < 0x7f) take(key.unicode_char);
}

/* The terminal driver polls the port too and would take our commands. */
void release_serial_port(void) {
  efi_handle *handles;
  usize count = handles_with(&guid_serial_io, &handles);
  for (usize i = 0; i < count; i++) boot->disconnect_controller(handles[i], 0, 0);
  if (handles) boot->free_pool(handles);
}

void wait_for_commands(void) {
  efi_event tick = 0;
  boot->create_event(EFI_EVENT_TIMER, EFI_TPL_CALLBACK, 0, 0, &tick);
  boot->set_timer(tick, EFI_TIMER_PERIODIC, TICK_100NS);
  for (;;) {
    usize index;
    for (int byte = ports_read(); byte >= 0; byte = ports_read()) take(byte);
    take_keys();
    if (is_error(boot->wait_for_event(1, &tick, &index))) boot->stall(TICK_100NS / 10);
  }
}

void power_off(void) {
  runtime->reset_system(EFI_RESET_SHUTDOWN, EFI_SUCCESS, 0, 0);
  for (;;) boot->stall(1000000);
}
