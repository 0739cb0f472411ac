#ifndef SYSTEM_PORT_H
#define SYSTEM_PORT_H
#include "uefi.h"

/* The second serial port of a machine whose first one is the firmware's alone: a 16550 on the PCI bus, which Linux
 * calls ttyS0 on arm64. Everything that goes to the first port goes there too. */

/* Finds and prepares it; without one every later call does nothing. */
void system_port_init(void);
/* As uart_write. */
void system_port_write(const char *text, usize size);
/* As uart_read. */
int system_port_read(void);
/* "pci:1b36:0002", or null. */
const char *system_port_name(void);
u64 system_port_dropped_bytes(void);

#endif
