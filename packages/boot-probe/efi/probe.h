#ifndef PROBE_H
#define PROBE_H
#include "uefi.h"

/* Set once by efi_main before anything else runs. */
extern efi_system_table *system_table;
extern efi_boot_services *boot;
extern efi_runtime_services *runtime;

#define count_of(array) (sizeof(array) / sizeof((array)[0]))

/* What the screen tells people; filled by the reports. */
typedef struct {
  u64 ram_bytes;
  u64 processors;
  u64 disks, optical_drives, nics;
  int secure_boot; /* -1: the firmware has no such variable */
  int has_tpm;
} probe_summary;

extern probe_summary summary;

/* The protocol's interface on this handle, or null. */
void *interface_of(efi_handle handle, const efi_guid *protocol);
/* The first interface of this protocol anywhere, or null. */
void *interface_anywhere(const efi_guid *protocol);
/* All handles with this protocol (null: all handles); the caller frees `*handles` with boot->free_pool. */
usize handles_with(const efi_guid *protocol, efi_handle **handles);
/* The table's address, or null. */
void *configuration_table(const efi_guid *guid);
/* A global variable's bytes; 0 where it does not exist or does not fit. */
usize global_variable(const char16 *name, void *data, usize capacity);

void report_firmware(void);
void report_system(void);
void report_secure_boot(void);
void report_memory(void);
void report_processors(void);
void report_acpi(void);
void report_tpm(void);
void report_drives(efi_handle booted_from);
void report_nics(void);
void report_booted_from(efi_loaded_image *image);
void report_boot_options(void);

/* PROBE.CFG in the root of the file system that the probe was loaded from. */
typedef struct {
  int is_file_found;
  int is_waiting; /* then=wait */
} probe_settings;

probe_settings read_settings(efi_loaded_image *image);

void screen_begin(void);
void screen_summary(int is_waiting);

/* From here on the firmware leaves the serial port to us. */
void release_serial_port(void);
/* Never returns. */
void wait_for_commands(void);
void power_off(void);

#endif
