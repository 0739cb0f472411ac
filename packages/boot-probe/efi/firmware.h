#ifndef FIRMWARE_H
#define FIRMWARE_H
#include "uefi.h"

/* The tables that firmware leaves in memory. */
usize acpi_table_count(void);
const u8 *acpi_table_at(usize index);
const u8 *acpi_table(const char *signature);

/* The first structure of this type after `previous` (null: from the beginning), or null. */
const u8 *smbios_next(const u8 *previous, u8 type);
/* String `number` of the structure, "" where it has none. */
const u8 *smbios_string(const u8 *structure, u8 number);

#endif
