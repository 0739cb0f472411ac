#include "ports.h"
#include "system-port.h"
#include "uart.h"

void ports_init(void) {
  uart_init();
  system_port_init();
}

void ports_write(const char *text, usize size) {
  system_port_write(text, size);
  uart_write(text, size);
}

int ports_read(void) {
  int byte = uart_read();
  return byte >= 0 ? byte : system_port_read();
}

u64 ports_dropped_bytes(void) { return uart_dropped_bytes() + system_port_dropped_bytes(); }
