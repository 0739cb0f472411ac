#include "system-port.h"
#include "memory.h"
#include "probe.h"

/* PCI Code and ID Assignment 1.15: class 7, subclass 0 is a serial controller; interface 2 and up a 16550. */
enum { CLASS_SERIAL = 0x0700, INTERFACE_16550 = 2 };
enum { PCI_IDS = 0, PCI_CLASS = 8, PCI_FIRST_BAR = 0x10, BAR_IS_IO = 1 };
enum { WIDTH_BYTE = 0, WIDTH_WORD32 = 2, WIDTH_FIFO_BYTE = 4 };
enum { ENABLE = 2, ATTRIBUTE_IO = 0x0100 };

/* National Semiconductor PC16550D, 8.0 "Registers". */
enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5 };
enum { HAS_DATA = 0x01, IS_HOLDING_EMPTY = 0x20 };
enum { FIFO_BYTES = 16 };
enum { QUICK_POLLS = 2000, SLOW_POLLS = 50000, SLOW_POLL_MICROSECONDS = 100 }; /* 50000 * 100 us = 5 s */

static efi_pci_io *port;
static u32 ids;
static int is_stuck;
static u64 dropped_bytes;

static void out(u64 reg, u8 value) { port->io_write(port, WIDTH_BYTE, 0, reg, 1, &value); }

static u8 in(u64 reg) {
  u8 value = 0;
  port->io_read(port, WIDTH_BYTE, 0, reg, 1, &value);
  return value;
}

static u32 configuration(efi_pci_io *pci, u32 offset) {
  u32 value = 0;
  return is_error(pci->configuration_read(pci, WIDTH_WORD32, offset, 1, &value)) ? 0 : value;
}

static int is_16550(efi_pci_io *pci) {
  u32 class = configuration(pci, PCI_CLASS);
  return class >> 16 == CLASS_SERIAL && (class >> 8 & 0xff) >= INTERFACE_16550 &&
         (configuration(pci, PCI_FIRST_BAR) & BAR_IS_IO);
}

static efi_pci_io *find(void) {
  efi_handle *handles;
  efi_pci_io *found = 0;
  usize count = handles_with(&guid_pci_io, &handles);
  for (usize i = 0; i < count && !found; i++) {
    efi_pci_io *pci = interface_of(handles[i], &guid_pci_io);
    if (pci && is_16550(pci)) found = pci;
  }
  if (handles) boot->free_pool(handles);
  return found;
}

void system_port_init(void) {
  port = find();
  if (!port) return;
  if (is_error(port->attributes(port, ENABLE, ATTRIBUTE_IO, 0)) || in(LINE_STATUS) == 0xff) {
    port = 0;
    return;
  }
  ids = configuration(port, PCI_IDS);
  out(INTERRUPT_ENABLE, 0);
  out(LINE_CONTROL, 0x80); /* the next two registers are the divisor */
  out(DATA, 1);            /* 115200 */
  out(INTERRUPT_ENABLE, 0);
  out(LINE_CONTROL, 0x03);  /* 8N1 */
  out(FIFO_CONTROL, 0x01);  /* on; what has arrived stays */
  out(MODEM_CONTROL, 0x03); /* DTR and RTS */
}

static int is_ready(void) {
  for (u32 i = 0; i < QUICK_POLLS; i++)
    if (in(LINE_STATUS) & IS_HOLDING_EMPTY) return 1;
  if (is_stuck) return 0;
  for (u32 i = 0; i < SLOW_POLLS; i++) {
    if (in(LINE_STATUS) & IS_HOLDING_EMPTY) return 1;
    boot->stall(SLOW_POLL_MICROSECONDS);
  }
  return 0;
}

void system_port_write(const char *text, usize size) {
  if (!port) return;
  while (size) {
    usize burst = size < FIFO_BYTES ? size : FIFO_BYTES;
    is_stuck = !is_ready();
    if (is_stuck) dropped_bytes += burst;
    else
      port->io_write(port, WIDTH_FIFO_BYTE, 0, DATA, burst, (void *)(usize)text);
    text += burst;
    size -= burst;
  }
}

int system_port_read(void) { return port && (in(LINE_STATUS) & HAS_DATA) ? in(DATA) : -1; }

const char *system_port_name(void) {
  static char name[] = "pci:0000:0000";
  static const char digits[] = "0123456789abcdef";
  if (!port) return 0;
  for (usize i = 0; i < 4; i++) {
    name[4 + i] = digits[ids >> (12 - 4 * i) & 15];
    name[9 + i] = digits[ids >> (28 - 4 * i) & 15];
  }
  return name;
}

u64 system_port_dropped_bytes(void) { return dropped_bytes; }
