/* How we got here: the device, the file and the firmware's boot options. */
#include "device-path.h"
#include "line.h"
#include "memory.h"
#include "probe.h"

enum { MAX_OPTIONS = 64, MAX_DESCRIPTION = 128, OPTION_BYTES = 4096 };

void report_booted_from(efi_loaded_image *image) {
  line_begin("booted-from");
  field_path("device", image ? interface_of(image->device, &guid_device_path) : 0);
  field_path("file", image ? image->file_path : 0);
  line_end();
}

static void variable_name(char16 *name, u16 number) {
  static const char digits[] = "0123456789ABCDEF";
  memcpy(name, L"Boot", 8);
  for (usize i = 0; i < 4; i++) name[4 + i] = (char16)digits[number >> (12 - 4 * i) & 15];
  name[8] = 0;
}

/* UEFI 3.1.3: attributes (4), length of the path list (2), description ended by a zero, path list. */
static void report_option(u16 number) {
  static u8 option[OPTION_BYTES] __attribute__((aligned(8)));
  char16 name[9];
  variable_name(name, number);
  usize size = global_variable(name, option, sizeof option - 2);
  if (size < 8) return;
  option[size] = option[size + 1] = 0;
  const char16 *description = (const char16 *)(option + 6);
  usize path_at = 6;
  while (path_at + 2 <= size && read_u16(option + path_at)) path_at += 2;
  path_at += 2;
  usize path_size = read_u16(option + 4);
  line_begin("boot-option");
  field_code("number", number, 4);
  field_bool("active", option[0] & 1);
  field_wide("description", description, MAX_DESCRIPTION);
  field_path("path", path_size >= 4 && path_at + path_size <= size ? (const void *)(option + path_at) : 0);
  line_end();
}

void report_boot_options(void) {
  static u8 order[MAX_OPTIONS * 2];
  u8 current[2];
  usize count = global_variable(L"BootOrder", order, sizeof order) / 2;
  int has_current = global_variable(L"BootCurrent", current, 2) == 2;
  line_begin("boot-order");
  if (has_current) field_code("current", read_u16(current), 4);
  else
    field_null("current");
  array_begin("order");
  for (usize i = 0; i < count; i++) item_code(read_u16(order + 2 * i), 4);
  array_end();
  line_end();
  for (usize i = 0; i < count; i++) report_option(read_u16(order + 2 * i));
}
