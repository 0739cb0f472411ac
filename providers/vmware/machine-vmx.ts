/** A machine as lines of a .vmx, and back. */
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { CardShape, MachineShape } from './parameters.ts'
import { VmxFile, type VmxEntries } from './vmx-file.ts'
import { requireKnown } from './vmx-keys.ts'

const MiB = 1024 ** 2

/** On the one SATA controller; both drives are there from the start. */
export const drives = { installer: 'sata0:0', seed: 'sata0:1' } as const

const connectionTypes: Readonly<Record<NetworkMode, string>> = {
  nat: 'nat',
  bridged: 'bridged',
  'host-only': 'hostonly',
  isolated: 'pvn',
}

/** The mode of a network card's connectionType. */
export function modeOf(connectionType: string | undefined): string {
  const found = Object.entries(connectionTypes).find(([, type]) => type === connectionType?.toLowerCase())
  return found?.[0] ?? connectionType ?? 'unknown'
}

/** `mark`: with it the machine is ours. Throws where a line is not in the table of known keys. */
export function machineVmx(shape: MachineShape, mark?: string): VmxFile {
  return VmxFile.of(
    requireKnown([
      ['.encoding', 'UTF-8'],
      ['config.version', '8'],
      ['virtualHW.version', String(shape.hardwareVersion)],
      ['virtualHW.productCompatibility', 'hosted'],
      ['displayName', shape.name],
      ...(mark === undefined ? [] : ([['azlvm.mark', mark]] as const)),
      ['guestOS', shape.architecture === 'aarch64' ? 'arm-other6xlinux-64' : 'other6xlinux-64'],
      ['uuid.bios', spacedUuid(shape.id)],
      // The folder was renamed after the file was written: nobody is to be asked whether it was moved or copied.
      ['uuid.action', 'keep'],
      ['msg.autoAnswer', 'TRUE'],
      ['nvram', `${shape.name}.nvram`],
      ['extendedConfigFile', `${shape.name}.vmxf`],
      ...processorLines(shape),
      ...firmwareLines(shape),
      ...boardLines(shape),
      ...diskLines(shape.disks),
      ['sata0.present', 'TRUE'],
      ...emptyDrive(drives.installer),
      ...emptyDrive(drives.seed),
      ...shape.networks.flatMap((card, index) => cardLines(shape, card, index)),
      ...serialLines(shape.serialPath),
    ]),
  )
}

function processorLines({ cpus, memoryBytes, isNested }: MachineShape): VmxEntries {
  return [
    ['numvcpus', String(cpus)],
    ['cpuid.coresPerSocket', String(cpus)],
    ['memsize', String(memoryBytes / MiB)],
    ['vhv.enable', word(isNested)],
  ]
}

function firmwareLines({ secureBoot }: MachineShape): VmxEntries {
  return [
    ['firmware', 'efi'],
    ['uefi.secureBoot.enabled', word(secureBoot)],
    // The serial port is the guest's alone; what the firmware does is in vmware.log.
    ['efi.serialConsole.enabled', 'FALSE'],
    ['bios.bootOrder', 'hdd,cdrom'],
  ]
}

/** Root ports for the PCIe devices; a machine without any does not start. */
function boardLines({ architecture }: MachineShape): VmxEntries {
  return [
    ['pciBridge0.present', 'TRUE'],
    ...[4, 5, 6, 7].flatMap((number): VmxEntries => {
      const bridge = `pciBridge${String(number)}`
      return [
        [`${bridge}.present`, 'TRUE'],
        [`${bridge}.virtualDev`, 'pcieRootPort'],
        [`${bridge}.functions`, '8'],
      ]
    }),
    // There is no PS/2 keyboard on ARM.
    ...(architecture === 'aarch64' ? ([['usb_xhci.present', 'TRUE']] as const) : []),
    ['floppy0.present', 'FALSE'],
    ['sound.present', 'FALSE'],
  ]
}

function diskLines(disks: readonly string[]): VmxEntries {
  if (disks.length === 0) return []
  return [
    ['nvme0.present', 'TRUE'],
    ...disks.flatMap((file, index): VmxEntries => [
      [`${diskDevice(index)}.present`, 'TRUE'],
      [`${diskDevice(index)}.fileName`, file],
    ]),
  ]
}

export function diskDevice(index: number): string {
  return `nvme0:${String(index)}`
}

/** As packer-plugin-vmware leaves a drive without a medium; not connected, the host's own drive is not touched. */
function emptyDrive(drive: string): VmxEntries {
  return requireKnown([
    [`${drive}.present`, 'TRUE'],
    [`${drive}.deviceType`, 'cdrom-raw'],
    [`${drive}.fileName`, 'auto detect'],
    [`${drive}.autodetect`, 'TRUE'],
    [`${drive}.startConnected`, 'FALSE'],
  ])
}

function filledDrive(drive: string, medium: string): VmxEntries {
  return requireKnown([
    [`${drive}.present`, 'TRUE'],
    [`${drive}.deviceType`, 'cdrom-image'],
    [`${drive}.fileName`, medium],
    [`${drive}.startConnected`, 'TRUE'],
  ])
}

/** The same machine with that ISO in the drive; undefined empties it. */
export function withMedium(vmx: VmxFile, drive: string, medium: string | undefined): VmxFile {
  const content = medium === undefined ? emptyDrive(drive) : filledDrive(drive, medium)
  return vmx.without((key) => key.startsWith(`${drive}.`)).with(...content)
}

/** The ISO in a drive; undefined where it is empty. */
export function mediumIn(vmx: VmxFile, drive: string): string | undefined {
  const isFilled = vmx.get(`${drive}.deviceType`) === 'cdrom-image' && vmx.isTrue(`${drive}.startConnected`)
  return isFilled ? vmx.get(`${drive}.fileName`) : undefined
}

/** Azure Linux's kernels have e1000e on x86_64 and vmxnet3 on aarch64, and not the other (azure-linux-4.md). */
function cardLines({ architecture }: MachineShape, { mode, mac, segment }: CardShape, index: number): VmxEntries {
  const card = `ethernet${String(index)}`
  return [
    [`${card}.present`, 'TRUE'],
    [`${card}.startConnected`, 'TRUE'],
    [`${card}.virtualDev`, architecture === 'aarch64' ? 'vmxnet3' : 'e1000e'],
    [`${card}.connectionType`, connectionTypes[mode]],
    ...(segment === undefined ? [] : ([[`${card}.pvnID`, spacedUuid(segment)]] as const)),
    ...macLines(card, mac),
  ]
}

export function macLines(card: string, mac: string): VmxEntries {
  return requireKnown([
    [`${card}.addressType`, 'static'],
    [`${card}.address`, mac],
    [`${card}.checkMACAddress`, 'FALSE'],
  ])
}

export function serialLines(path: string): VmxEntries {
  return requireKnown([
    ['serial0.present', 'TRUE'],
    ['serial0.startConnected', 'TRUE'],
    ['serial0.fileType', 'pipe'],
    ['serial0.fileName', path],
    ['serial0.pipe.endPoint', 'server'],
    ['serial0.tryNoRxLoss', 'TRUE'],
    ['serial0.yieldOnMsrRead', 'TRUE'],
  ])
}

function word(is: boolean): string {
  return is ? 'TRUE' : 'FALSE'
}

/** 32 hexadecimal digits, with or without hyphens, as VMware writes a UUID. */
export function spacedUuid(uuid: string): string {
  const bytes = uuid.replaceAll('-', '').match(/../g) ?? []
  return `${bytes.slice(0, 8).join(' ')}-${bytes.slice(8).join(' ')}`
}

/** The numbers of the devices `prefix0`, `prefix1` and on that are present. */
export function presentDevices(vmx: VmxFile, pattern: RegExp): readonly string[] {
  return vmx.entries
    .filter(([key, value]) => key.toLowerCase().endsWith('.present') && value.toLowerCase() === 'true')
    .map(([key]) => key.slice(0, -'.present'.length))
    .filter((device) => pattern.test(device))
    .toSorted((a, b) => numberOf(a) - numberOf(b))
}

function numberOf(device: string): number {
  return Number(/\d+$/.exec(device)?.[0] ?? 0)
}
