#ifndef DEVICE_PATH_H
#define DEVICE_PATH_H
#include "uefi.h"

/* Null at the end of the path, and where a node's length is impossible. */
const efi_device_path *path_next(const efi_device_path *node);
/* Bytes before the end node. */
usize path_bytes(const efi_device_path *path);
int is_path_within(const efi_device_path *outer, const efi_device_path *inner);
/* As the firmware writes it ("PciRoot(0x0)/Pci(0x1F,0x2)/Sata(...)"), or in hex where it cannot. */
void field_path(const char *name, const efi_device_path *path);
/* sata, ide, scsi, nvme, usb, sd, virtio, pci or other. */
const char *bus_of(efi_handle handle, const efi_device_path *path);

#endif
