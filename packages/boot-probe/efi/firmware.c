#include "firmware.h"
#include "memory.h"
#include "probe.h"

void *interface_of(efi_handle handle, const efi_guid *protocol) {
  void *interface = 0;
  return handle && !is_error(boot->handle_protocol(handle, protocol, &interface)) ? interface : 0;
}

void *interface_anywhere(const efi_guid *protocol) {
  void *interface = 0;
  return is_error(boot->locate_protocol(protocol, 0, &interface)) ? 0 : interface;
}

usize handles_with(const efi_guid *protocol, efi_handle **handles) {
  usize count = 0;
  *handles = 0;
  u32 search = protocol ? EFI_LOCATE_BY_PROTOCOL : EFI_LOCATE_ALL_HANDLES;
  return is_error(boot->locate_handle_buffer(search, protocol, 0, &count, handles)) ? 0 : count;
}

void *configuration_table(const efi_guid *guid) {
  for (usize i = 0; i < system_table->configuration_table_count; i++) {
    efi_configuration_table *entry = &system_table->configuration_tables[i];
    if (!memcmp(&entry->guid, guid, sizeof *guid)) return entry->table;
  }
  return 0;
}

usize global_variable(const char16 *name, void *data, usize capacity) {
  usize size = capacity;
  return is_error(runtime->get_variable(name, &guid_global_variable, 0, &size, data)) ? 0 : size;
}

/* ACPI Specification 6.5, 5.2.5.3: the XSDT's address is at 24 of the RSDP, its entries begin after 36 bytes. */
static const u8 *xsdt(void) {
  const u8 *rsdp = configuration_table(&guid_acpi_20);
  if (!rsdp || memcmp(rsdp, "RSD PTR ", 8)) return 0;
  const u8 *table = (const u8 *)read_u64(rsdp + 24);
  return table && !memcmp(table, "XSDT", 4) ? table : 0;
}

usize acpi_table_count(void) {
  const u8 *root = xsdt();
  if (!root) return 0;
  u32 bytes = read_u32(root + 4);
  return bytes < 36 ? 0 : (bytes - 36) / 8;
}

const u8 *acpi_table_at(usize index) { return (const u8 *)read_u64(xsdt() + 36 + index * 8); }

const u8 *acpi_table(const char *signature) {
  usize count = acpi_table_count();
  for (usize i = 0; i < count; i++)
    if (acpi_table_at(i) && !memcmp(acpi_table_at(i), signature, 4)) return acpi_table_at(i);
  return 0;
}

/* SMBIOS Specification 3.6, 5.2: the entry points. */
static const u8 *smbios_tables(usize *size) {
  const u8 *entry = configuration_table(&guid_smbios3);
  if (entry && !memcmp(entry, "_SM3_", 5)) {
    *size = read_u32(entry + 0x0c);
    return (const u8 *)read_u64(entry + 0x10);
  }
  entry = configuration_table(&guid_smbios);
  if (!entry || memcmp(entry, "_SM_", 4)) return 0;
  *size = read_u16(entry + 0x16);
  return (const u8 *)(usize)read_u32(entry + 0x18);
}

/* The strings follow the structure's `length` bytes, each ended by a zero, all ended by a second one. */
static const u8 *after_strings(const u8 *at, const u8 *end) {
  while (at + 1 < end && (at[0] || at[1])) at++;
  return at + 2;
}

const u8 *smbios_next(const u8 *previous, u8 type) {
  usize size = 0;
  const u8 *tables = smbios_tables(&size);
  if (!tables) return 0;
  const u8 *end = tables + size;
  const u8 *at = previous ? after_strings(previous + previous[1], end) : tables;
  for (; at + 4 <= end && at[1] >= 4 && at + at[1] <= end; at = after_strings(at + at[1], end))
    if (at[0] == type) return at;
  return 0;
}

const u8 *smbios_string(const u8 *structure, u8 number) {
  if (!number) return (const u8 *)"";
  const u8 *text = structure + structure[1];
  while (--number && *text) {
    while (*text) text++;
    text++;
  }
  return text;
}
