#include "probe.h"
#include "uart.h"

/* National Semiconductor PC16550D, 8.0 "Registers"; COM1 of every PC. */
enum { PORT = 0x3f8 };
enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5 };
enum { HAS_DATA = 0x01, IS_HOLDING_EMPTY = 0x20, IS_IDLE = 0x40 };
enum { FIFO_BYTES = 16 };
enum { QUICK_POLLS = 2000, SLOW_POLLS = 50000, SLOW_POLL_MICROSECONDS = 100 }; /* 50000 * 100 us = 5 s */

static int is_there;
static int is_stuck;
static usize burst_bytes = 1;
static u64 dropped_bytes;

static void out(u16 reg, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((u16)(PORT + reg))); }

static u8 in(u16 reg) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((u16)(PORT + reg)));
  return value;
}

static int wait_for(u8 bit) {
  for (u32 i = 0; i < QUICK_POLLS; i++)
    if (in(LINE_STATUS) & bit) return 1;
  if (is_stuck) return 0;
  for (u32 i = 0; i < SLOW_POLLS; i++) {
    if (in(LINE_STATUS) & bit) return 1;
    boot->stall(SLOW_POLL_MICROSECONDS);
  }
  return 0;
}

void uart_init(void) {
  if (in(LINE_STATUS) == 0xff) return; /* nothing answers on the bus */
  is_there = 1;
  is_stuck = !wait_for(IS_IDLE);
  out(INTERRUPT_ENABLE, 0);
  out(LINE_CONTROL, 0x80); /* the next two registers are the divisor */
  out(DATA, 1);            /* 115200 */
  out(INTERRUPT_ENABLE, 0);
  out(LINE_CONTROL, 0x03);  /* 8N1 */
  out(FIFO_CONTROL, 0x01);  /* on; what has arrived stays */
  out(MODEM_CONTROL, 0x03); /* DTR and RTS */
  if ((in(FIFO_CONTROL) & 0xc0) == 0xc0) burst_bytes = FIFO_BYTES; /* read: the interrupt identification */
}

void uart_write(const char *text, usize size) {
  if (!is_there) return;
  while (size) {
    usize burst = size < burst_bytes ? size : burst_bytes;
    is_stuck = !wait_for(IS_HOLDING_EMPTY);
    if (is_stuck) dropped_bytes += burst;
    else
      for (usize i = 0; i < burst; i++) out(DATA, (u8)text[i]);
    text += burst;
    size -= burst;
  }
}

int uart_read(void) { return is_there && (in(LINE_STATUS) & HAS_DATA) ? in(DATA) : -1; }

const char *uart_name(void) { return is_there ? "io:0x3f8" : "none"; }

u64 uart_dropped_bytes(void) { return dropped_bytes; }
