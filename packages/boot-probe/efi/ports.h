#ifndef PORTS_H
#define PORTS_H
#include "uefi.h"

/* All serial ports of the machine as one: what is written goes to each, to the firmware's last, so that who hears the
 * report's end there knows that all has been said; what is read comes from any. */

void ports_init(void);
void ports_write(const char *text, usize size);
/* The next received byte, or -1. */
int ports_read(void);
/* Of all ports together. */
u64 ports_dropped_bytes(void);

#endif
