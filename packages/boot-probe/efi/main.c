/* The boot probe: what the firmware really shows this machine, as JSON lines on the serial port. See line.h. */
#include "line.h"
#include "ports.h"
#include "probe.h"
#include "system-port.h"
#include "uart.h"

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#endif

efi_system_table *system_table;
efi_boot_services *boot;
efi_runtime_services *runtime;
probe_summary summary;

/* Firmware in a hurry connects only what it boots from; the report is about everything that is there. */
static void connect_all(void) {
  efi_handle *handles;
  usize count = handles_with(0, &handles);
  for (usize i = 0; i < count; i++) boot->connect_controller(handles[i], 0, 0, 1);
  if (handles) boot->free_pool(handles);
}

static void report_begin(const probe_settings *settings) {
  line_begin("begin");
  field_text("arch", ARCHITECTURE, sizeof ARCHITECTURE);
  field_text("uart", uart_name(), 32);
  if (system_port_name()) field_text("systemPort", system_port_name(), 32);
  else
    field_null("systemPort");
  field_bool("settings", settings->is_file_found);
  line_end();
}

static void report_end(const probe_settings *settings) {
  u64 count = line_count();
  line_begin("end");
  field_number("count", count);
  field_number("droppedBytes", ports_dropped_bytes());
  field_text("then", settings->is_waiting ? "wait" : "poweroff", 16);
  field_checksum();
  line_end();
}

efi_status EFIAPI efi_main(efi_handle image_handle, efi_system_table *table) {
  system_table = table;
  boot = table->boot;
  runtime = table->runtime;
  boot->set_watchdog_timer(0, 0, 0, 0); /* the boot manager resets the machine after five minutes */
  efi_loaded_image *image = interface_of(image_handle, &guid_loaded_image);
  probe_settings settings = read_settings(image);
  screen_begin();
  ports_init();
  ports_write("\r\n", 2); /* whatever the firmware left on the line */
  report_begin(&settings);
  connect_all();
  report_firmware();
  report_system();
  report_secure_boot();
  report_memory();
  report_processors();
  report_acpi();
  report_tpm();
  report_drives(image ? image->device : 0);
  report_nics();
  report_booted_from(image);
  report_boot_options();
  screen_summary(settings.is_waiting);
  if (settings.is_waiting) {
    release_serial_port();
    ports_init();
    ports_write("\r\n", 2);
  }
  report_end(&settings);
  if (settings.is_waiting) wait_for_commands();
  power_off();
  return EFI_SUCCESS;
}
