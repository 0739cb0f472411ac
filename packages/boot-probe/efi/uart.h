#ifndef UART_H
#define UART_H
#include "uefi.h"

/* The firmware's serial port, driven by us: some firmwares have no serial console. One file per kind of UART
 * implements this (uart-16550.c: x86_64, port 0x3F8; uart-pl011.c: aarch64). No call ever waits without a bound. */

/* Sets 115200 8N1, where the speed can be known, after the firmware's last byte has left. Without a UART every later call does nothing. */
void uart_init(void);
/* Waits for room for at most five seconds, then gives bytes up (and counts them) until there is room again. */
void uart_write(const char *text, usize size);
/* The next received byte, or -1. */
int uart_read(void);
/* "io:0x3f8", "mmio:0x09000000", or "none". */
const char *uart_name(void);
u64 uart_dropped_bytes(void);

#endif
