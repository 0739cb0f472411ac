/**
 * What the boot probe saw. Numbers in names with `Bytes` are bytes; everything else says its unit.
 * "UEFI" is the UEFI Specification 2.10, "SMBIOS" DSP0134 3.6, "ACPI" the ACPI Specification 6.5.
 */

export interface ProbeFirmware {
  /** UEFI 4.3, FirmwareVendor. */
  readonly vendor: string
  /** UEFI 4.3, FirmwareRevision: the vendor's own number. */
  readonly revision: number
  /** UEFI 4.2, Revision of the system table: "2.7", "2.3.1". */
  readonly uefiVersion: string
}

/** SMBIOS 7.2 (type 1). */
export interface ProbeSystem {
  readonly manufacturer: string
  readonly product: string
  readonly serial: string
  /** Lower case, with hyphens, first three fields as little-endian: as hypervisors print it. */
  readonly uuid: string
}

export interface ProbeMemory {
  /** UEFI 7.2: all that the memory map calls RAM; less than installed by what the firmware keeps for itself. */
  readonly ramBytes: number
  /** UEFI 7.2: EfiConventionalMemory. */
  readonly freeBytes: number
  /** SMBIOS 7.18 (type 17): the sum of the memory devices. */
  readonly devicesBytes: number | null
  /** SMBIOS 7.20 (type 19): the sum of the mapped ranges. */
  readonly mappedBytes: number | null
}

export interface ProbeProcessors {
  /** PI 1.7 volume 2, 13.4: EFI_MP_SERVICES_PROTOCOL.GetNumberOfProcessors. */
  readonly total: number | null
  readonly enabled: number | null
  /** ACPI 5.2.12 (MADT): local APICs, x2APICs or GICCs marked enabled. */
  readonly inMadt: number | null
}

export interface ProbeTpm {
  /** TCG EFI Protocol 6.4: TPMPresentFlag. */
  readonly isPresent: boolean
  /** EFI_TCG2_PROTOCOL is there and answers. */
  readonly hasTcg2: boolean
  /** "1.1": version of the protocol. */
  readonly protocolVersion: string | null
  /** TPM_PT_MANUFACTURER, up to four characters: "IBM" for swtpm. */
  readonly manufacturer: string | null
  /** Bit 0 SHA-1, 1 SHA-256, 2 SHA-384, 3 SHA-512. */
  readonly activePcrBanks: number | null
  /** ACPI table: "TPM2", or "TCPA" for TPM 1.2. */
  readonly acpiTable: string | null
  /** TPM2 table: 6 is FIFO (TIS), 7 CRB. */
  readonly startMethod: number | null
}

/** Deepest bus that the device path names (UEFI 10.3); `virtio` by PCI vendor 0x1AF4. */
export type ProbeBus = 'sata' | 'ide' | 'scsi' | 'nvme' | 'usb' | 'sd' | 'virtio' | 'pci' | 'other'

interface ProbeDrive {
  readonly sizeBytes: number
  readonly bus: ProbeBus
  readonly isMediaPresent: boolean
  /** The probe was loaded from it, or from a partition or boot image on it. */
  readonly isBooted: boolean
  /** UEFI 10.6: the firmware's text of the device path. */
  readonly path: string | null
}

/** UEFI 13.9: a Block I/O handle that is no partition and no optical drive. */
export interface ProbeDisk extends ProbeDrive {
  readonly blockBytes: number
  readonly isRemovable: boolean
  readonly isReadOnly: boolean
}

/** SCSI device type 5, or removable with blocks of 2048 bytes. An empty drive is listed too. */
export interface ProbeOpticalDrive extends ProbeDrive {
  /** ECMA-119 8.4.7, volume identifier; null without an ISO 9660 disc. */
  readonly label: string | null
}

export interface ProbeNic {
  /** Lower case, with colons. UEFI 24.1 (permanent address), else the MAC node of a device path (10.3.4.9). */
  readonly mac: string
  /** UEFI 24.1, MediaPresent; null where the card cannot tell. */
  readonly hasLink: boolean | null
  readonly path: string | null
}

/** UEFI 3.1.3, Boot####. */
export interface ProbeBootOption {
  /** Four hex digits, upper case. */
  readonly number: string
  readonly isActive: boolean
  readonly description: string
  readonly path: string | null
}

export interface ProbeReport {
  readonly arch: string
  /** The firmware's UART, which the probe drives itself: "io:0x3f8", "mmio:0x09000000". */
  readonly uart: string
  /** A second port, a 16550 on the PCI bus ("pci:1b36:0002"), on which the same lines are; null: there is none. */
  readonly systemPort: string | null
  /** PROBE.CFG was found beside the probe. */
  readonly hasSettings: boolean
  readonly firmware: ProbeFirmware
  /** Null without SMBIOS. */
  readonly system: ProbeSystem | null
  /** UEFI 3.3; null: the firmware has no such variable. */
  readonly secureBoot: boolean | null
  readonly setupMode: boolean | null
  /** The best figure for the installed memory: devices, else mapped ranges, else RAM in the memory map. */
  readonly memoryBytes: number
  readonly memory: ProbeMemory
  /** The best figure for the number of usable processors: MP services, else MADT. */
  readonly processors: number
  readonly processorCounts: ProbeProcessors
  /** Signatures of the tables that the XSDT names, in its order. */
  readonly acpiTables: readonly string[]
  readonly tpm: ProbeTpm
  readonly disks: readonly ProbeDisk[]
  readonly opticalDrives: readonly ProbeOpticalDrive[]
  readonly nics: readonly ProbeNic[]
  /** UEFI 9.1: device and file of the loaded image. */
  readonly bootedFrom: { readonly device: string | null; readonly file: string | null }
  /** UEFI 3.3, BootCurrent. */
  readonly bootCurrent: string | null
  /** UEFI 3.3, BootOrder. */
  readonly bootOrder: readonly string[]
  /** The options of the boot order, in its order. */
  readonly bootOptions: readonly ProbeBootOption[]
  /** What the probe does next. */
  readonly then: 'poweroff' | 'wait'
  /** Bytes that the UART did not take within five seconds. */
  readonly droppedBytes: number
}
