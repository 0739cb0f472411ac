/* Disks, optical drives and network cards: a line for each. */
#include "device-path.h"
#include "line.h"
#include "memory.h"
#include "probe.h"

enum { SECTOR_BYTES = 2048, VOLUME_DESCRIPTOR_SECTOR = 16 };
enum { SCSI_CD_DEVICE = 5 };
enum { MAX_NICS = 32, MAC_BYTES = 6 };

static u8 sector[SECTOR_BYTES] __attribute__((aligned(4096))); /* aligned for every io_align */

/* SCSI INQUIRY (SPC-4, 6.4): the device type is in the low five bits of byte 0. */
static int is_optical(efi_handle handle, const efi_block_io *io) {
  efi_disk_info *info = interface_of(handle, &guid_disk_info);
  u8 data[96];
  u32 size = sizeof data;
  if (info && !is_error(info->inquiry(info, data, &size)) && size) return (data[0] & 0x1f) == SCSI_CD_DEVICE;
  return io->media->is_removable && io->media->block_size == SECTOR_BYTES;
}

/* Reads sector 16 even where no medium is announced: some firmwares look for one only then. */
static int read_volume_descriptor(efi_block_io *io) {
  efi_block_media *media = io->media;
  if (media->block_size != SECTOR_BYTES) return 0;
  return !is_error(io->read_blocks(io, media->media_id, VOLUME_DESCRIPTOR_SECTOR, SECTOR_BYTES, sector)) &&
         !memcmp(sector, "\1CD001", 6);
}

/* ECMA-119, 8.4.7: 32 bytes at 40, filled up with spaces. */
static void field_label(void) {
  usize size = 32;
  while (size && (sector[40 + size - 1] == ' ' || !sector[40 + size - 1])) size--;
  field_text("label", sector + 40, size);
}

static u64 size_of(const efi_block_media *media) {
  return media->is_present ? (media->last_block + 1) * media->block_size : 0;
}

static void field_bus(efi_handle handle, const efi_device_path *path) {
  const char *bus = bus_of(handle, path);
  field_text("bus", bus, 16);
}

static void report_optical(efi_handle handle, efi_block_io *io, int is_booted) {
  const efi_device_path *path = interface_of(handle, &guid_device_path);
  int is_iso = read_volume_descriptor(io);
  line_begin("optical");
  field_number("index", summary.optical_drives++);
  field_bool("mediaPresent", io->media->is_present);
  if (is_iso) field_label();
  else
    field_null("label");
  field_number("sizeBytes", size_of(io->media));
  field_bus(handle, path);
  field_bool("booted", is_booted);
  field_path("path", path);
  line_end();
}

static void report_disk(efi_handle handle, const efi_block_io *io, int is_booted) {
  const efi_device_path *path = interface_of(handle, &guid_device_path);
  line_begin("disk");
  field_number("index", summary.disks++);
  field_number("sizeBytes", size_of(io->media));
  field_number("blockBytes", io->media->block_size);
  field_bool("removable", io->media->is_removable);
  field_bool("readOnly", io->media->is_read_only);
  field_bool("mediaPresent", io->media->is_present);
  field_bus(handle, path);
  field_bool("booted", is_booted);
  field_path("path", path);
  line_end();
}

void report_drives(efi_handle booted_from) {
  efi_handle *handles;
  usize count = handles_with(&guid_block_io, &handles);
  const efi_device_path *booted_path = interface_of(booted_from, &guid_device_path);
  for (usize i = 0; i < count; i++) {
    efi_block_io *io = interface_of(handles[i], &guid_block_io);
    if (!io || !io->media || io->media->is_logical_partition) continue;
    int is_booted = is_path_within(interface_of(handles[i], &guid_device_path), booted_path);
    if (is_optical(handles[i], io)) report_optical(handles[i], io, is_booted);
    else
      report_disk(handles[i], io, is_booted);
  }
  if (handles) boot->free_pool(handles);
}

static u8 seen_macs[MAX_NICS][MAC_BYTES];

static int is_new_mac(const u8 *mac) {
  if (summary.nics == MAX_NICS) return 0;
  for (usize i = 0; i < summary.nics; i++)
    if (!memcmp(seen_macs[i], mac, MAC_BYTES)) return 0;
  memcpy(seen_macs[summary.nics], mac, MAC_BYTES);
  return 1;
}

static void report_nic(efi_handle handle, const u8 *mac, const efi_network_mode *mode) {
  if (!is_new_mac(mac)) return;
  line_begin("nic");
  field_number("index", summary.nics++);
  field_hex("mac", mac, MAC_BYTES, ':');
  if (mode && mode->has_media_detection) field_bool("link", mode->is_media_present);
  else
    field_null("link");
  field_path("path", interface_of(handle, &guid_device_path));
  line_end();
}

static void report_network_interfaces(void) {
  efi_handle *handles;
  usize count = handles_with(&guid_simple_network, &handles);
  for (usize i = 0; i < count; i++) {
    efi_simple_network *network = interface_of(handles[i], &guid_simple_network);
    if (network && network->mode) report_nic(handles[i], network->mode->permanent_address, network->mode);
  }
  if (handles) boot->free_pool(handles);
}

/* Firmware without a network stack can still name the card: UEFI 10.3.4.9, MAC address node (3/11). */
static void report_mac_nodes(void) {
  efi_handle *handles;
  usize count = handles_with(&guid_device_path, &handles);
  for (usize i = 0; i < count; i++)
    for (const efi_device_path *node = interface_of(handles[i], &guid_device_path); node; node = path_next(node))
      if (node->type == 3 && node->subtype == 11) report_nic(handles[i], (const u8 *)node + sizeof *node, 0);
  if (handles) boot->free_pool(handles);
}

void report_nics(void) {
  report_network_interfaces();
  report_mac_nodes();
}
