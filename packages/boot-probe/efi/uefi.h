/* The part of UEFI that the probe uses, written from the UEFI Specification 2.10 (chapter numbers beside each type).
 * Members that are never called are `void *`: only their place in the table matters. */
#ifndef UEFI_H
#define UEFI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u64 usize; /* UINTN: every platform that we build for has 64 bits */
typedef u16 char16;
typedef u64 efi_status;
typedef void *efi_handle;
typedef void *efi_event;

/* Both targets are built as `*-unknown-windows`, so the C calling convention is the one that UEFI asks for (2.3.4, 2.3.6). */
#define EFIAPI

#define EFI_ERROR_BIT 0x8000000000000000ULL
#define EFI_SUCCESS 0ULL
#define EFI_BUFFER_TOO_SMALL (EFI_ERROR_BIT | 5)
#define EFI_NO_MEDIA (EFI_ERROR_BIT | 12)
#define is_error(status) (((status)&EFI_ERROR_BIT) != 0)

typedef struct {
  u32 a;
  u16 b;
  u16 c;
  u8 d[8];
} efi_guid;

/* 4.2 */
typedef struct {
  u64 signature;
  u32 revision;
  u32 header_size;
  u32 crc32;
  u32 reserved;
} efi_table_header;

/* 12.3, 12.4 */
typedef struct {
  u16 scan_code;
  char16 unicode_char;
} efi_input_key;

typedef struct efi_text_input {
  void *reset;
  efi_status(EFIAPI *read_key_stroke)(struct efi_text_input *self, efi_input_key *key);
  efi_event wait_for_key;
} efi_text_input;

typedef struct efi_text_output {
  void *reset;
  efi_status(EFIAPI *output_string)(struct efi_text_output *self, const char16 *text);
} efi_text_output;

/* 7.2 */
typedef struct {
  u32 type;
  u32 padding;
  u64 physical_start;
  u64 virtual_start;
  u64 page_count;
  u64 attribute;
} efi_memory_descriptor;

enum { EFI_TIMER_PERIODIC = 1 };
enum { EFI_LOCATE_ALL_HANDLES = 0, EFI_LOCATE_BY_PROTOCOL = 2 };
enum { EFI_EVENT_TIMER = 0x80000000u };
enum { EFI_TPL_CALLBACK = 8 };

/* 4.4 */
typedef struct {
  efi_table_header header;
  void *raise_tpl, *restore_tpl;
  void *allocate_pages, *free_pages;
  efi_status(EFIAPI *get_memory_map)(usize *size, void *map, usize *key, usize *descriptor_size, u32 *version);
  void *allocate_pool;
  efi_status(EFIAPI *free_pool)(void *buffer);
  efi_status(EFIAPI *create_event)(u32 type, usize tpl, void *notify, void *context, efi_event *event);
  efi_status(EFIAPI *set_timer)(efi_event event, u32 type, u64 trigger_100ns);
  efi_status(EFIAPI *wait_for_event)(usize count, efi_event *events, usize *index);
  void *signal_event, *close_event, *check_event;
  void *install_protocol, *reinstall_protocol, *uninstall_protocol;
  efi_status(EFIAPI *handle_protocol)(efi_handle handle, const efi_guid *protocol, void **interface);
  void *reserved, *register_protocol_notify, *locate_handle, *locate_device_path, *install_configuration_table;
  void *load_image, *start_image, *exit, *unload_image, *exit_boot_services;
  void *get_next_monotonic_count;
  efi_status(EFIAPI *stall)(usize microseconds);
  efi_status(EFIAPI *set_watchdog_timer)(usize seconds, u64 code, usize size, char16 *data);
  efi_status(EFIAPI *connect_controller)(efi_handle controller, efi_handle *driver, void *remaining, u8 recursive);
  efi_status(EFIAPI *disconnect_controller)(efi_handle controller, efi_handle driver, efi_handle child);
  void *open_protocol, *close_protocol, *open_protocol_information, *protocols_per_handle;
  efi_status(EFIAPI *locate_handle_buffer)(u32 search, const efi_guid *protocol, void *key, usize *count,
                                           efi_handle **handles);
  efi_status(EFIAPI *locate_protocol)(const efi_guid *protocol, void *registration, void **interface);
} efi_boot_services;

/* 4.5 */
typedef struct {
  efi_table_header header;
  void *get_time, *set_time, *get_wakeup_time, *set_wakeup_time, *set_virtual_address_map, *convert_pointer;
  efi_status(EFIAPI *get_variable)(const char16 *name, const efi_guid *vendor, u32 *attributes, usize *size, void *data);
  void *get_next_variable_name, *set_variable, *get_next_high_monotonic_count;
  void(EFIAPI *reset_system)(u32 type, efi_status status, usize size, void *data);
} efi_runtime_services;

enum { EFI_RESET_SHUTDOWN = 2 };

/* 4.6 */
typedef struct {
  efi_guid guid;
  void *table;
} efi_configuration_table;

/* 4.3 */
typedef struct {
  efi_table_header header;
  char16 *firmware_vendor;
  u32 firmware_revision;
  efi_handle console_in_handle;
  efi_text_input *console_in;
  efi_handle console_out_handle;
  efi_text_output *console_out;
  efi_handle standard_error_handle;
  efi_text_output *standard_error;
  efi_runtime_services *runtime;
  efi_boot_services *boot;
  usize configuration_table_count;
  efi_configuration_table *configuration_tables;
} efi_system_table;

/* 10.2: a list of nodes, ended by type 0x7f subtype 0xff; `length` counts these four bytes. */
typedef struct {
  u8 type;
  u8 subtype;
  u8 length[2];
} efi_device_path;

/* 9.1 */
typedef struct {
  u32 revision;
  efi_handle parent;
  efi_system_table *system_table;
  efi_handle device;
  efi_device_path *file_path;
} efi_loaded_image;

/* 10.6.2 */
typedef struct {
  void *node_to_text;
  char16 *(EFIAPI *path_to_text)(const efi_device_path *path, u8 display_only, u8 allow_shortcuts);
} efi_path_to_text;

/* 13.9 */
typedef struct {
  u32 media_id;
  u8 is_removable, is_present, is_logical_partition, is_read_only, is_write_caching;
  u32 block_size;
  u32 io_align;
  u64 last_block;
} efi_block_media;

typedef struct efi_block_io {
  u64 revision;
  efi_block_media *media;
  void *reset;
  efi_status(EFIAPI *read_blocks)(struct efi_block_io *self, u32 media_id, u64 lba, usize size, void *buffer);
} efi_block_io;

/* 13.14 (Disk Info): `inquiry` gives the SCSI INQUIRY data where the device has one. */
typedef struct efi_disk_info {
  efi_guid interface;
  efi_status(EFIAPI *inquiry)(struct efi_disk_info *self, void *data, u32 *size);
} efi_disk_info;

/* 13.4, 13.5 */
typedef struct efi_file {
  u64 revision;
  efi_status(EFIAPI *open)(struct efi_file *self, struct efi_file **file, const char16 *name, u64 mode, u64 attributes);
  efi_status(EFIAPI *close)(struct efi_file *self);
  void *delete_file;
  efi_status(EFIAPI *read)(struct efi_file *self, usize *size, void *buffer);
} efi_file;

typedef struct efi_simple_file_system {
  u64 revision;
  efi_status(EFIAPI *open_volume)(struct efi_simple_file_system *self, efi_file **root);
} efi_simple_file_system;

enum { EFI_FILE_MODE_READ = 1 };

/* 14.4. width: 0 = 8 bits, 1 = 16, 2 = 32, 4 = 8 bits again and again to the same address. */
typedef struct efi_pci_io {
  void *poll_mem, *poll_io;
  void *mem_read, *mem_write;
  efi_status(EFIAPI *io_read)(struct efi_pci_io *self, u32 width, u8 bar, u64 offset, usize count, void *buffer);
  efi_status(EFIAPI *io_write)(struct efi_pci_io *self, u32 width, u8 bar, u64 offset, usize count, void *buffer);
  efi_status(EFIAPI *configuration_read)(struct efi_pci_io *self, u32 width, u32 offset, usize count, void *buffer);
  void *configuration_write, *copy, *map, *unmap, *allocate, *free, *flush, *location;
  efi_status(EFIAPI *attributes)(struct efi_pci_io *self, u32 operation, u64 attributes, u64 *result);
} efi_pci_io;

/* 24.1 */
typedef struct {
  u32 state;
  u32 hardware_address_size;
  u32 media_header_size, max_packet_size, nvram_size, nvram_access_size, receive_filter_mask, receive_filter_setting;
  u32 max_multicast_filters, multicast_filter_count;
  u8 multicast_filters[16][32];
  u8 current_address[32];
  u8 broadcast_address[32];
  u8 permanent_address[32];
  u8 interface_type, is_address_changeable, has_multiple_transmit, has_media_detection, is_media_present;
} efi_network_mode;

typedef struct {
  u64 revision;
  void *start, *stop, *initialize, *reset, *shutdown, *receive_filters, *station_address, *statistics, *multicast;
  void *nvram, *get_status, *transmit, *receive;
  efi_event wait_for_packet;
  efi_network_mode *mode;
} efi_simple_network;

/* PI Specification 1.7, volume 2, 13.4 */
typedef struct efi_mp_services {
  efi_status(EFIAPI *count)(struct efi_mp_services *self, usize *total, usize *enabled);
} efi_mp_services;

/* TCG EFI Protocol Specification 1.0, 6.4 */
typedef struct {
  u8 size;
  u8 structure_version[2];
  u8 protocol_version[2];
  u32 hash_algorithms;
  u32 event_logs;
  u8 is_tpm_present;
  u16 max_command_size;
  u16 max_response_size;
  u32 manufacturer_id;
  u32 pcr_bank_count;
  u32 active_pcr_banks;
} efi_tcg2_capability;

typedef struct efi_tcg2 {
  efi_status(EFIAPI *get_capability)(struct efi_tcg2 *self, efi_tcg2_capability *capability);
} efi_tcg2;

extern const efi_guid guid_loaded_image, guid_device_path, guid_path_to_text, guid_block_io, guid_disk_info;
extern const efi_guid guid_simple_file_system, guid_pci_io, guid_simple_network, guid_serial_io, guid_mp_services;
extern const efi_guid guid_tcg2, guid_global_variable, guid_acpi_20, guid_smbios, guid_smbios3;

#endif
