import { boolOrNull, numberOrNull, textOrNull, textsOf } from './line.ts'
import type { ProbeLine } from './line.ts'
import type {
  ProbeBootOption,
  ProbeBus,
  ProbeDisk,
  ProbeFirmware,
  ProbeMemory,
  ProbeNic,
  ProbeOpticalDrive,
  ProbeProcessors,
  ProbeReport,
  ProbeSystem,
  ProbeTpm,
} from './report.ts'

const buses: readonly string[] = [
  'sata',
  'ide',
  'scsi',
  'nvme',
  'usb',
  'sd',
  'virtio',
  'pci',
  'other',
] satisfies ProbeBus[]

function isBus(text: string | null): text is ProbeBus {
  return text !== null && buses.includes(text)
}

/** UEFI 4.2: the lower half is two decimal digits, the last one only said where it is not zero. */
function uefiVersion(major: number, minor: number): string {
  const last = minor % 10
  return `${String(major)}.${String(Math.floor(minor / 10))}${last === 0 ? '' : `.${String(last)}`}`
}

function firmwareOf(line: ProbeLine | undefined): ProbeFirmware {
  return {
    vendor: textOrNull(line, 'vendor') ?? '',
    revision: numberOrNull(line, 'revision') ?? 0,
    uefiVersion: uefiVersion(numberOrNull(line, 'uefiMajor') ?? 0, numberOrNull(line, 'uefiMinor') ?? 0),
  }
}

function systemOf(line: ProbeLine | undefined): ProbeSystem | null {
  if (line === undefined) return null
  const hex = textOrNull(line, 'uuid') ?? ''
  return {
    manufacturer: textOrNull(line, 'manufacturer') ?? '',
    product: textOrNull(line, 'product') ?? '',
    serial: textOrNull(line, 'serial') ?? '',
    uuid: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
  }
}

function memoryOf(line: ProbeLine | undefined): ProbeMemory {
  return {
    ramBytes: numberOrNull(line, 'ramBytes') ?? 0,
    freeBytes: numberOrNull(line, 'freeBytes') ?? 0,
    devicesBytes: numberOrNull(line, 'devicesBytes'),
    mappedBytes: numberOrNull(line, 'mappedBytes'),
  }
}

function processorsOf(line: ProbeLine | undefined): ProbeProcessors {
  return {
    total: numberOrNull(line, 'total'),
    enabled: numberOrNull(line, 'enabled'),
    inMadt: numberOrNull(line, 'inMadt'),
  }
}

function tpmOf(line: ProbeLine | undefined): ProbeTpm {
  const major = numberOrNull(line, 'protocolMajor')
  return {
    isPresent: boolOrNull(line, 'present') ?? false,
    hasTcg2: boolOrNull(line, 'tcg2') ?? false,
    protocolVersion: major === null ? null : `${String(major)}.${String(numberOrNull(line, 'protocolMinor') ?? 0)}`,
    manufacturer: textOrNull(line, 'manufacturer'),
    activePcrBanks: numberOrNull(line, 'activePcrBanks'),
    acpiTable: textOrNull(line, 'acpiTable'),
    startMethod: numberOrNull(line, 'startMethod'),
  }
}

function driveOf(line: ProbeLine) {
  const bus = textOrNull(line, 'bus')
  return {
    sizeBytes: numberOrNull(line, 'sizeBytes') ?? 0,
    bus: isBus(bus) ? bus : 'other',
    isMediaPresent: boolOrNull(line, 'mediaPresent') ?? false,
    isBooted: boolOrNull(line, 'booted') ?? false,
    path: textOrNull(line, 'path'),
  } as const
}

function diskOf(line: ProbeLine): ProbeDisk {
  return {
    ...driveOf(line),
    blockBytes: numberOrNull(line, 'blockBytes') ?? 0,
    isRemovable: boolOrNull(line, 'removable') ?? false,
    isReadOnly: boolOrNull(line, 'readOnly') ?? false,
  }
}

function opticalOf(line: ProbeLine): ProbeOpticalDrive {
  return { ...driveOf(line), label: textOrNull(line, 'label') }
}

function nicOf(line: ProbeLine): ProbeNic {
  return { mac: textOrNull(line, 'mac') ?? '', hasLink: boolOrNull(line, 'link'), path: textOrNull(line, 'path') }
}

function optionOf(line: ProbeLine): ProbeBootOption {
  return {
    number: textOrNull(line, 'number') ?? '',
    isActive: boolOrNull(line, 'active') ?? false,
    description: textOrNull(line, 'description') ?? '',
    path: textOrNull(line, 'path'),
  }
}

/** The report that whole and checked lines make, the closing one included. */
export function decodeReport(lines: readonly ProbeLine[]): ProbeReport {
  const first = (type: string) => lines.find((line) => line.type === type)
  const all = (type: string) => lines.filter((line) => line.type === type)
  const memory = memoryOf(first('memory'))
  const processorCounts = processorsOf(first('processors'))
  const bootedFrom = first('booted-from')
  const bootOrder = first('boot-order')
  return {
    arch: textOrNull(first('begin'), 'arch') ?? '',
    uart: textOrNull(first('begin'), 'uart') ?? '',
    systemPort: textOrNull(first('begin'), 'systemPort'),
    hasSettings: boolOrNull(first('begin'), 'settings') ?? false,
    firmware: firmwareOf(first('firmware')),
    system: systemOf(first('system')),
    secureBoot: boolOrNull(first('secure-boot'), 'secureBoot'),
    setupMode: boolOrNull(first('secure-boot'), 'setupMode'),
    memoryBytes: memory.devicesBytes ?? memory.mappedBytes ?? memory.ramBytes,
    memory,
    processors: processorCounts.enabled ?? processorCounts.inMadt ?? 0,
    processorCounts,
    acpiTables: textsOf(first('acpi'), 'tables'),
    tpm: tpmOf(first('tpm')),
    disks: all('disk').map(diskOf),
    opticalDrives: all('optical').map(opticalOf),
    nics: all('nic').map(nicOf),
    bootedFrom: { device: textOrNull(bootedFrom, 'device'), file: textOrNull(bootedFrom, 'file') },
    bootCurrent: textOrNull(bootOrder, 'current'),
    bootOrder: textsOf(bootOrder, 'order'),
    bootOptions: all('boot-option').map(optionOf),
    then: textOrNull(first('end'), 'then') === 'wait' ? 'wait' : 'poweroff',
    droppedBytes: numberOrNull(first('end'), 'droppedBytes') ?? 0,
  }
}
