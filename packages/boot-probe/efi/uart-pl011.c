#include "firmware.h"
#include "memory.h"
#include "probe.h"
#include "uart.h"

/* Arm PrimeCell UART (PL011) Technical Reference Manual, 3.2 "Summary of registers". */
enum { DATA = 0x00, FLAGS = 0x18, CONTROL = 0x30, INTERRUPT_MASK = 0x38 };
enum { IS_BUSY = 0x08, IS_RECEIVE_EMPTY = 0x10, IS_TRANSMIT_FULL = 0x20 };
enum { ENABLED = 0x301 }; /* UART, transmitter, receiver */
enum { QUICK_POLLS = 2000, SLOW_POLLS = 50000, SLOW_POLL_MICROSECONDS = 100 }; /* 50000 * 100 us = 5 s */

/* Microsoft's SPCR table: the interface's type at 36, its address at 40 as ACPI's generic address (space at 40,
 * address at 44). 3 is a PL011; 13 and 14 are SBSA's subset of it, without the control register. */
enum { SPCR_TYPE = 36, SPCR_SPACE = 40, SPCR_ADDRESS = 44, SPCR_BYTES = 52 };
enum { TYPE_PL011 = 3, TYPE_SBSA_32BIT = 13, TYPE_SBSA = 14 };
enum { SYSTEM_MEMORY = 0 };

/* hw/arm/virt.c of QEMU: where the machine `virt` has its UART. */
enum { QEMU_VIRT_ADDRESS = 0x09000000 };

static u64 base;
static int is_stuck;
static u64 dropped_bytes;

static volatile u32 *at(u64 offset) { return (volatile u32 *)(base + offset); }

static int is_set(u32 bit) { return (*at(FLAGS) & bit) != 0; }

static int wait_until_clear(u32 bit) {
  for (u32 i = 0; i < QUICK_POLLS; i++)
    if (!is_set(bit)) return 1;
  if (is_stuck) return 0;
  for (u32 i = 0; i < SLOW_POLLS; i++) {
    if (!is_set(bit)) return 1;
    boot->stall(SLOW_POLL_MICROSECONDS);
  }
  return 0;
}

static int is_qemu(void) {
  const u8 *system = smbios_next(0, 1);
  return system && !memcmp(smbios_string(system, system[4]), "QEMU", 5);
}

/* An address where nothing is ends the program with an abort: only what is known is touched. */
static u64 known_address(int *has_control) {
  const u8 *spcr = acpi_table("SPCR");
  *has_control = 1;
  if (!spcr || read_u32(spcr + 4) < SPCR_BYTES) return is_qemu() ? QEMU_VIRT_ADDRESS : 0;
  u8 type = spcr[SPCR_TYPE];
  *has_control = type == TYPE_PL011;
  int is_known = type == TYPE_PL011 || type == TYPE_SBSA || type == TYPE_SBSA_32BIT;
  return is_known && spcr[SPCR_SPACE] == SYSTEM_MEMORY ? read_u64(spcr + SPCR_ADDRESS) : 0;
}

/* The speed stays the firmware's: it depends on a clock that no table names. */
void uart_init(void) {
  int has_control;
  base = known_address(&has_control);
  if (!base) return;
  is_stuck = !wait_until_clear(IS_BUSY);
  *at(INTERRUPT_MASK) = 0;
  if (has_control) *at(CONTROL) |= ENABLED;
}

void uart_write(const char *text, usize size) {
  if (!base) return;
  for (usize i = 0; i < size; i++) {
    is_stuck = !wait_until_clear(IS_TRANSMIT_FULL);
    if (is_stuck) dropped_bytes++;
    else
      *at(DATA) = (u8)text[i];
  }
}

int uart_read(void) { return base && !is_set(IS_RECEIVE_EMPTY) ? (u8)*at(DATA) : -1; }

const char *uart_name(void) {
  static const char digits[] = "0123456789abcdef";
  static char name[] = "mmio:0x0000000000000000";
  if (!base) return "none";
  usize at = sizeof "mmio:0x" - 1;
  for (usize shift = base >> 32 ? 64 : 32; shift; at++) name[at] = digits[base >> (shift -= 4) & 15];
  name[at] = 0;
  return name;
}

u64 uart_dropped_bytes(void) { return dropped_bytes; }
