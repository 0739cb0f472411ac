/* The text for people. A firmware with a serial console sends it there too: before the last line, never inside one. */
#include "probe.h"

static void show(const char16 *text) {
  efi_text_output *screen = system_table->console_out;
  if (screen) screen->output_string(screen, text);
}

static void show_number(const char16 *label, u64 value, const char16 *unit) {
  char16 digits[21];
  usize at = count_of(digits) - 1;
  digits[at] = 0;
  do digits[--at] = (char16)('0' + value % 10);
  while (value /= 10);
  show(label);
  show(digits + at);
  show(unit);
}

void screen_begin(void) { show(L"\r\nazl-vm boot probe: this machine started. Looking at its devices ...\r\n"); }

void screen_summary(int is_waiting) {
  show(L"  firmware:       ");
  show(system_table->firmware_vendor);
  show_number(L"\r\n  memory:         ", summary.ram_bytes >> 20, L" MiB\r\n");
  show_number(L"  processors:     ", summary.processors, L"\r\n");
  show_number(L"  disks:          ", summary.disks, L"\r\n");
  show_number(L"  optical drives: ", summary.optical_drives, L"\r\n");
  show_number(L"  network cards:  ", summary.nics, L"\r\n");
  show(L"  Secure Boot:    ");
  show(summary.secure_boot < 0 ? L"unknown" : summary.secure_boot ? L"on" : L"off");
  show(summary.has_tpm ? L"\r\n  TPM:            yes\r\n" : L"\r\n  TPM:            no\r\n");
  show(is_waiting ? L"The full report is on the serial port. Waiting: type off and Enter to power off.\r\n"
                  : L"The full report is on the serial port. Powering off.\r\n");
}
