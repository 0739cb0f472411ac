#include "memory.h"
#include "probe.h"

static efi_file *open_settings(efi_loaded_image *image) {
  efi_simple_file_system *system = image ? interface_of(image->device, &guid_simple_file_system) : 0;
  efi_file *root = 0, *file = 0;
  if (!system || is_error(system->open_volume(system, &root))) return 0;
  if (is_error(root->open(root, &file, L"\\PROBE.CFG", EFI_FILE_MODE_READ, 0))) file = 0;
  root->close(root);
  return file;
}

probe_settings read_settings(efi_loaded_image *image) {
  static const char wait[] = "then=wait";
  probe_settings settings = {0};
  char text[256];
  usize size = sizeof text;
  efi_file *file = open_settings(image);
  if (!file) return settings;
  settings.is_file_found = 1;
  if (is_error(file->read(file, &size, text))) size = 0;
  file->close(file);
  usize wanted = sizeof wait - 1;
  for (usize at = 0; at + wanted <= size; at++)
    if ((at == 0 || text[at - 1] == '\n') && !memcmp(text + at, wait, wanted)) settings.is_waiting = 1;
  return settings;
}
