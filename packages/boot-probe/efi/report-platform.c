/* What the machine is: firmware, identity, Secure Boot, memory, processors, ACPI, TPM. */
#include "firmware.h"
#include "line.h"
#include "memory.h"
#include "probe.h"

enum { MAX_TEXT = 128, MAX_ACPI_TABLES = 128 };
enum { PAGE_BYTES = 4096 };

void report_firmware(void) {
  line_begin("firmware");
  field_wide("vendor", system_table->firmware_vendor, MAX_TEXT);
  field_number("revision", system_table->firmware_revision);
  field_number("uefiMajor", system_table->header.revision >> 16);
  field_number("uefiMinor", system_table->header.revision & 0xffff); /* 70 is 2.7, 31 is 2.3.1 */
  line_end();
}

/* SMBIOS type 1 (7.2): strings by number at 4, 5, 7; UUID at 8 with its first three fields little-endian. */
void report_system(void) {
  const u8 *system = smbios_next(0, 1);
  if (!system || system[1] < 25) return;
  static const u8 order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  u8 uuid[16];
  for (usize i = 0; i < 16; i++) uuid[i] = system[8 + order[i]];
  line_begin("system");
  field_text("manufacturer", smbios_string(system, system[4]), MAX_TEXT);
  field_text("product", smbios_string(system, system[5]), MAX_TEXT);
  field_text("serial", smbios_string(system, system[7]), MAX_TEXT);
  field_hex("uuid", uuid, 16, 0);
  line_end();
}

static int field_variable(const char *field, const char16 *variable) {
  u8 value = 0;
  if (global_variable(variable, &value, 1) != 1) {
    field_null(field);
    return -1;
  }
  field_bool(field, value == 1);
  return value == 1;
}

void report_secure_boot(void) {
  line_begin("secure-boot");
  summary.secure_boot = field_variable("secureBoot", L"SecureBoot");
  field_variable("setupMode", L"SetupMode");
  line_end();
}

/* UEFI 7.2, table 7.10: loader, boot and runtime services (1-6), free (7), ACPI reclaim and NVS (9, 10). */
static int is_ram(u32 type) { return (type >= 1 && type <= 7) || type == 9 || type == 10; }

enum { CONVENTIONAL_MEMORY = 7 };

static u64 memory_map_bytes(u64 *free_bytes) {
  static u8 map[64 * 1024] __attribute__((aligned(16)));
  usize size = sizeof map, key, step;
  u32 version;
  u64 ram = 0;
  *free_bytes = 0;
  if (is_error(boot->get_memory_map(&size, map, &key, &step, &version))) return 0;
  for (usize at = 0; at + sizeof(efi_memory_descriptor) <= size; at += step) {
    const efi_memory_descriptor *range = (const void *)(map + at);
    if (is_ram(range->type)) ram += range->page_count * PAGE_BYTES;
    if (range->type == CONVENTIONAL_MEMORY) *free_bytes += range->page_count * PAGE_BYTES;
  }
  return ram;
}

/* SMBIOS type 17 (7.18): size at 0x0c, in MiB, or in KiB with bit 15; 0x7fff: in MiB at 0x1c; 0xffff: unknown. */
static u64 memory_device_bytes(void) {
  u64 bytes = 0;
  for (const u8 *device = smbios_next(0, 17); device; device = smbios_next(device, 17)) {
    u16 size = device[1] >= 0x0e ? read_u16(device + 0x0c) : 0;
    if (size == 0xffff) continue;
    if (size == 0x7fff) bytes += device[1] >= 0x20 ? (u64)(read_u32(device + 0x1c) & 0x7fffffff) << 20 : 0;
    else
      bytes += (u64)(size & 0x7fff) << (size & 0x8000 ? 10 : 20);
  }
  return bytes;
}

/* SMBIOS type 19 (7.20): first and last KiB at 4 and 8, or bytes at 0x0f and 0x17. */
static u64 mapped_range_bytes(void) {
  u64 bytes = 0;
  for (const u8 *range = smbios_next(0, 19); range; range = smbios_next(range, 19)) {
    if (range[1] < 0x0c) continue;
    u32 first = read_u32(range + 4);
    if (first != 0xffffffffu) bytes += ((u64)(read_u32(range + 8)) - first + 1) << 10;
    else if (range[1] >= 0x1f)
      bytes += read_u64(range + 0x17) - read_u64(range + 0x0f) + 1;
  }
  return bytes;
}

static void field_number_or_null(const char *name, u64 value) {
  if (value) field_number(name, value);
  else
    field_null(name);
}

void report_memory(void) {
  u64 free_bytes;
  summary.ram_bytes = memory_map_bytes(&free_bytes);
  line_begin("memory");
  field_number("ramBytes", summary.ram_bytes);
  field_number("freeBytes", free_bytes);
  field_number_or_null("devicesBytes", memory_device_bytes());
  field_number_or_null("mappedBytes", mapped_range_bytes());
  line_end();
}

/* ACPI 6.5, 5.2.12: entries from 44; local APIC (0, flags at 4), x2APIC (9, flags at 8), GICC (11, flags at 12). */
static u64 madt_processors(void) {
  const u8 *madt = acpi_table("APIC");
  if (!madt) return 0;
  u64 count = 0;
  u32 size = read_u32(madt + 4);
  for (u32 at = 44; at + 2 <= size && madt[at + 1] >= 2 && at + madt[at + 1] <= size; at += madt[at + 1]) {
    const u8 *entry = madt + at;
    u32 flags_at = entry[0] == 0 ? 4 : entry[0] == 9 ? 8 : entry[0] == 11 ? 12 : 0;
    if (flags_at && flags_at + 4 <= entry[1] && (read_u32(entry + flags_at) & 1)) count++;
  }
  return count;
}

void report_processors(void) {
  usize total = 0, enabled = 0;
  efi_mp_services *services = interface_anywhere(&guid_mp_services);
  if (services && is_error(services->count(services, &total, &enabled))) total = enabled = 0;
  u64 in_madt = madt_processors();
  summary.processors = enabled ? enabled : in_madt;
  line_begin("processors");
  field_number_or_null("total", total);
  field_number_or_null("enabled", enabled);
  field_number_or_null("inMadt", in_madt);
  line_end();
}

void report_acpi(void) {
  usize count = acpi_table_count();
  line_begin("acpi");
  array_begin("tables");
  for (usize i = 0; i < count && i < MAX_ACPI_TABLES; i++)
    if (acpi_table_at(i)) item_text(acpi_table_at(i), 4);
  array_end();
  line_end();
}

/* TPM2 table (TCG ACPI Specification 1.2, 7.3): start method at 48; 6 and 7 are TIS/FIFO and CRB. TCPA: TPM 1.2. */
static void field_tpm_table(void) {
  const u8 *table = acpi_table("TPM2");
  if (table) field_text("acpiTable", "TPM2", 4);
  else if (acpi_table("TCPA"))
    field_text("acpiTable", "TCPA", 4);
  else
    field_null("acpiTable");
  if (table && read_u32(table + 4) >= 52) field_number("startMethod", read_u32(table + 48));
}

void report_tpm(void) {
  efi_tcg2 *tcg2 = interface_anywhere(&guid_tcg2);
  efi_tcg2_capability found = {.size = sizeof found};
  int is_known = tcg2 && !is_error(tcg2->get_capability(tcg2, &found));
  summary.has_tpm = is_known && found.is_tpm_present;
  line_begin("tpm");
  field_bool("tcg2", is_known);
  field_bool("present", summary.has_tpm);
  if (summary.has_tpm) {
    field_number("protocolMajor", found.protocol_version[0]);
    field_number("protocolMinor", found.protocol_version[1]);
    field_text("manufacturer", &found.manufacturer_id, 4); /* the firmware leaves the TPM's own byte order */
    field_number("activePcrBanks", found.active_pcr_banks);
  }
  field_tpm_table();
  line_end();
}
