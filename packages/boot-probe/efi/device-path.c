#include "device-path.h"
#include "line.h"
#include "memory.h"
#include "probe.h"

enum { MAX_PATH_CHARS = 512, MAX_HEX_BYTES = 256 };
enum { HARDWARE = 1, MESSAGING = 3, END = 0x7f };
enum { PCI = 1 };
enum { VIRTIO_VENDOR = 0x1af4 };

const efi_device_path *path_next(const efi_device_path *node) {
  u16 length = read_u16(node->length);
  if (node->type == END || length < sizeof *node) return 0;
  const efi_device_path *next = (const void *)((const u8 *)node + length);
  return next->type == END ? 0 : next;
}

usize path_bytes(const efi_device_path *path) {
  const efi_device_path *last = path;
  if (!path || path->type == END) return 0;
  for (const efi_device_path *node = path; node; node = path_next(node)) last = node;
  return (usize)((const u8 *)last - (const u8 *)path) + read_u16(last->length);
}

int is_path_within(const efi_device_path *outer, const efi_device_path *inner) {
  usize size = path_bytes(outer);
  return size && size <= path_bytes(inner) && !memcmp(outer, inner, size);
}

void field_path(const char *name, const efi_device_path *path) {
  if (!path) return field_null(name);
  efi_path_to_text *converter = interface_anywhere(&guid_path_to_text);
  char16 *text = converter ? converter->path_to_text(path, 0, 0) : 0;
  if (text) {
    field_wide(name, text, MAX_PATH_CHARS);
    boot->free_pool(text);
    return;
  }
  usize size = path_bytes(path);
  field_hex(name, (const u8 *)path, size < MAX_HEX_BYTES ? size : MAX_HEX_BYTES, 0);
}

static const char *pci_kind(efi_handle handle) {
  u16 vendor = 0;
  efi_pci_io *pci = interface_of(handle, &guid_pci_io);
  if (!pci || is_error(pci->configuration_read(pci, 1, 0, 1, &vendor))) return "pci";
  return vendor == VIRTIO_VENDOR ? "virtio" : "pci";
}

/* UEFI 10.3.4: subtypes of messaging nodes; the deepest one that names a bus decides. */
static const char *messaging_bus(u8 subtype) {
  switch (subtype) {
    case 1: return "ide";
    case 2: return "scsi";
    case 5: return "usb";
    case 18: return "sata";
    case 23: return "nvme";
    case 26:
    case 29: return "sd";
    default: return 0;
  }
}

const char *bus_of(efi_handle handle, const efi_device_path *path) {
  const char *bus = "other";
  for (const efi_device_path *node = path; node; node = path_next(node)) {
    if (node->type == HARDWARE && node->subtype == PCI && !path_next(node)) bus = pci_kind(handle);
    const char *named = node->type == MESSAGING ? messaging_bus(node->subtype) : 0;
    if (named) bus = named;
  }
  return bus;
}
