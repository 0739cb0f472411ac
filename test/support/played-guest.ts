/**
 * A guest that is only played: what firmware and boot probe write on the serial port, from the machine that was made.
 * The lines are those of EDK2 (Debian 12) and of packages/boot-probe; the probe's reader finds them whole.
 */
import { crc32 } from 'node:zlib'
import { removableLoaderNames } from '../../src/media/removable-loader.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'

export interface PlayedMedium {
  readonly label: string
  readonly sizeBytes: number
  /** What the boot probe on it does after its report; undefined where the medium is no probe. */
  readonly probe: 'poweroff' | 'wait' | undefined
}

export interface PlayedHardware {
  readonly uuid: string
  readonly architecture: Architecture
  readonly hasSystemPort: boolean
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: readonly number[]
  readonly macs: readonly string[]
  readonly isSecureBoot: boolean
  readonly hasTpm: boolean
  readonly medium: PlayedMedium | undefined
}

/** What a played guest can do to its machine. After the machine went off all of it does nothing. */
export interface PlayedBoot {
  readonly hardware: PlayedHardware
  /** On the firmware's port, in pieces that end anywhere, as a real port brings them. */
  readonly write: (text: string) => Promise<void>
  /** On the system's port, which may be the same. */
  readonly writeSystem: (text: string) => Promise<void>
  powerOff(): void
  /** The hypervisor ends it with a crash. */
  crash(): void
  /** The power button, which firmware and boot loaders do not hear. */
  onPowerButton(listener: () => void): void
  /** What a snapshot with memory holds and restoring it brings back. */
  readonly memory: Map<string, number>
  /** Each line that is typed on the serial port. */
  onLine(listener: (line: string) => void): void
}

/** What a machine does from its first instruction on. */
export type GuestScript = (boot: PlayedBoot) => Promise<void>

const disk = (index: number): string => `PciRoot(0x0)/Pci(0x2,${String(index)})/Pci(0x0,0x0)`
const drive = 'PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x0,0xFFFF,0x0)'
const seedDrive = 'PciRoot(0x0)/Pci(0x1F,0x2)/Sata(0x1,0xFFFF,0x0)'
const driveOption = '"UEFI QEMU DVD-ROM QM00001 "'
/** The terminal driver clears the screen at each start. */
const clearScreen = '\u001b[2J\u001b[01;01H\u001b[=3h\u001b[2J\u001b[01;01H'

/** What the firmware does with the machine as it is: empty disks are passed over, then the medium. */
export const usual: GuestScript = async (boot) => {
  const { hardware } = boot
  const { medium } = hardware
  await boot.write(clearScreen)
  for (const index of hardware.diskBytes.keys()) {
    const option = `Boot000${String(index + 1)} "UEFI Misc Device" from ${disk(index)}`
    await boot.write(`BdsDxe: loading ${option}\r\nBdsDxe: failed to load ${option}: Not Found\r\n`)
  }
  const option = `Boot000A ${driveOption} from ${drive}`
  if (!medium) {
    await nothingBootable(boot)
    return
  }
  await boot.write(`BdsDxe: loading ${option}\r\n`)
  if (hardware.isSecureBoot) {
    await boot.write(`BdsDxe: failed to load ${option}: Access Denied\r\n`)
    await nothingBootable(boot)
    return
  }
  await boot.write(`BdsDxe: starting ${option}\r\n`)
  if (medium.probe) await playProbe(boot, medium.probe)
  else await boot.write('Loading Boot Loader\r\n')
}

async function nothingBootable(boot: PlayedBoot): Promise<void> {
  await boot.write(
    'BdsDxe: No bootable option or device was found.\r\nBdsDxe: Press any key to enter the Boot Manager Menu.\r\n',
  )
}

/** An operating system that shuts down when it is asked to. */
export const obeying: GuestScript = async (boot) => {
  boot.onPowerButton(() => {
    boot.powerOff()
  })
  await usual(boot)
}

export const silent: GuestScript = async () => undefined

/** Goes off in its firmware. */
export const goingOff: GuestScript = async (boot) => {
  await boot.write(`${clearScreen}BdsDxe: loading Boot0001 ${driveOption} from ${drive}\r\n`)
  boot.powerOff()
}

export const crashingFirmware: GuestScript = async (boot) => {
  await boot.write(
    `${clearScreen}!!!! X64 Exception Type - 0D(#GP - General Protection)  CPU Apic ID - 00000000 !!!!\r\n`,
  )
}

/** The hypervisor ends it before it said anything. */
export const crashing: GuestScript = async (boot) => {
  boot.crash()
}

/** Like `usual`, but nothing comes before `gate` opens. */
export const waitingFor =
  (gate: Promise<void>): GuestScript =>
  async (boot) => {
    await boot.write(`${clearScreen}BdsDxe: `)
    await gate
    await usual(boot)
  }

/** One line of the report never arrives. */
export const losingALine: GuestScript = async (boot) => {
  await usual({
    ...boot,
    write: (text) => (text.includes('"type":"memory"') ? Promise.resolve() : boot.write(text)),
  })
}

async function playProbe(boot: PlayedBoot, then: 'poweroff' | 'wait'): Promise<void> {
  await boot.write('\r\nazl-vm boot probe: this machine started. Looking at its devices ...\r\n\r\n')
  const lines = reportLines(boot.hardware, then)
  for (const line of lines.slice(0, -1)) await say(boot, line)
  await boot.write(`  memory:         ${String(boot.hardware.memoryBytes / 1024 ** 2)} MiB\r\n`)
  // What is typed as soon as the report is whole is heard.
  if (then === 'wait') answerCommands(boot, lines.length)
  await say(boot, lines.at(-1) ?? '')
  if (then === 'poweroff') boot.powerOff()
}

/** The probe drives both ports itself, the system's first. */
async function say({ hardware, write, writeSystem }: PlayedBoot, line: string): Promise<void> {
  if (hardware.hasSystemPort) await writeSystem(`${line}\r\n`)
  await write(`${line}\r\n`)
}

function answerCommands(boot: PlayedBoot, firstSeq: number): void {
  boot.memory.set('seq', firstSeq)
  boot.onLine((command) => {
    const seq = boot.memory.get('seq') ?? 0
    boot.memory.set('seq', seq + 1)
    const [verb = ''] = command.split(' ')
    const type = verb === 'ping' ? 'pong' : verb === 'off' ? 'off' : 'unknown-command'
    void say(boot, JSON.stringify({ azl: 'probe', v: 1, seq, type, text: command })).then(() => {
      if (type === 'off') boot.powerOff()
    })
  })
}

/** The report on a machine, one line each, the closing one with count and checksum last. */
export function reportLines(hardware: PlayedHardware, then: 'poweroff' | 'wait'): readonly string[] {
  const bodies = reportBodies(hardware)
  const lines = bodies.map((body, seq) => JSON.stringify({ azl: 'probe', v: 1, seq, ...body }))
  const closing = { azl: 'probe', v: 1, seq: lines.length, type: 'end', count: lines.length, droppedBytes: 0, then }
  const start = JSON.stringify(closing).slice(0, -1)
  const digest = crc32([...lines, start].join('\n'))
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
  return [...lines, `${start},"crc32":"${digest}"}`]
}

function reportBodies(hardware: PlayedHardware): readonly Readonly<Record<string, unknown>>[] {
  const { architecture, hasSystemPort, cpus, memoryBytes, hasTpm, medium, isSecureBoot } = hardware
  return [
    {
      type: 'begin',
      arch: architecture,
      uart: architecture === 'x86_64' ? 'io:0x3f8' : 'mmio:0x09000000',
      systemPort: hasSystemPort ? 'pci:1b36:0002' : null,
      settings: true,
    },
    { type: 'firmware', vendor: 'EDK II', revision: 65536, uefiMajor: 2, uefiMinor: 70 },
    {
      type: 'system',
      manufacturer: 'azl-vm',
      product: 'played machine',
      serial: '',
      uuid: hardware.uuid.replaceAll('-', ''),
    },
    { type: 'secure-boot', secureBoot: isSecureBoot, setupMode: !isSecureBoot },
    {
      type: 'memory',
      ramBytes: memoryBytes - 1024 ** 2,
      freeBytes: memoryBytes - 40 * 1024 ** 2,
      devicesBytes: memoryBytes,
      mappedBytes: memoryBytes,
    },
    { type: 'processors', total: cpus, enabled: cpus, inMadt: cpus },
    { type: 'acpi', tables: ['FACP', 'APIC', 'HPET', ...(hasTpm ? ['TPM2'] : []), 'MCFG', 'WAET', 'BGRT'] },
    hasTpm
      ? {
          type: 'tpm',
          tcg2: true,
          present: true,
          protocolMajor: 1,
          protocolMinor: 1,
          manufacturer: 'IBM',
          activePcrBanks: 15,
          acpiTable: 'TPM2',
          startMethod: 7,
        }
      : { type: 'tpm', tcg2: false, present: false },
    ...hardware.diskBytes.map((sizeBytes, index) => ({
      type: 'disk',
      index,
      sizeBytes,
      blockBytes: 512,
      removable: false,
      readOnly: false,
      mediaPresent: true,
      bus: 'virtio',
      booted: false,
      path: disk(index),
    })),
    {
      type: 'optical',
      index: 0,
      mediaPresent: medium !== undefined,
      label: medium?.label ?? null,
      sizeBytes: medium?.sizeBytes ?? 0,
      bus: 'sata',
      booted: medium !== undefined,
      path: drive,
    },
    {
      type: 'optical',
      index: 1,
      mediaPresent: false,
      label: null,
      sizeBytes: 0,
      bus: 'sata',
      booted: false,
      path: seedDrive,
    },
    ...hardware.macs.map((mac, index) => ({
      type: 'nic',
      index,
      mac,
      link: true,
      path: `${disk(index + 8)}/MAC(${mac})`,
    })),
    {
      type: 'booted-from',
      device: `${drive}/CDROM(0x0,0x15,0x100)`,
      file: `\\EFI\\BOOT\\${removableLoaderNames[architecture]}`,
    },
    { type: 'boot-order', current: '000A', order: ['000A'] },
    { type: 'boot-option', number: '000A', active: true, description: 'UEFI QEMU DVD-ROM QM00001 ', path: drive },
  ]
}
