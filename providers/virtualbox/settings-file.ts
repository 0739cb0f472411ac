/**
 * A machine's settings as VirtualBox keeps them: its .vbox file, which is written anew at each change. It holds what
 * VBoxManage does not print (TPM, extra data), and its texts are escaped.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readXml, type XmlNode } from '../../src/host/read-xml.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import { controller } from './names.ts'

export interface DiskAttachment {
  readonly port: number
  /** The medium's. */
  readonly uuid: string
}

export interface DriveAttachment {
  readonly port: number
  /** Undefined: empty. */
  readonly uuid: string | undefined
}

export interface Forwarding {
  readonly name: string
  readonly hostPort: number
  readonly guestPort: number
}

export interface Card {
  /** From 0. */
  readonly slot: number
  /** Lower case with colons. */
  readonly mac: string
  /** VirtualBox's word: `NAT`, `BridgedInterface`, `HostOnlyInterface`, `HostOnlyNetwork`, `InternalNetwork`, … */
  readonly attachment: string
  /** Of the interface or network, where it has one. */
  readonly network: string | undefined
  readonly forwards: readonly Forwarding[]
}

/** The hardware of a machine, now or as a snapshot holds it. */
export interface Hardware {
  readonly memoryBytes: number
  readonly cpus: number
  readonly tpm: boolean
  readonly isNested: boolean
  /** Whether our storage controller is there. */
  readonly hasController: boolean
  readonly disks: readonly DiskAttachment[]
  readonly drives: readonly DriveAttachment[]
  readonly cards: readonly Card[]
  /** Where the first serial port is served; undefined where it is not. */
  readonly serialPath: string | undefined
}

/** A disk image that VirtualBox knows, and on which other one it lies. */
export interface DiskMedium {
  readonly uuid: string
  readonly path: string
  readonly parent: string | undefined
}

export interface HeldState {
  readonly uuid: string
  readonly name: string
  readonly description: string
  /** ISO 8601. */
  readonly created: string
  readonly parent: string | undefined
  /** The memory of a machine that was on. */
  readonly memoryFile: string | undefined
  /** Its firmware variables; undefined where it had none yet. */
  readonly variablesFile: string | undefined
  readonly hardware: Hardware
}

export interface MachineSettings {
  readonly uuid: string
  readonly name: string
  readonly architecture: 'x86_64' | 'aarch64'
  readonly groups: readonly string[]
  readonly description: string
  readonly extraData: ReadonlyMap<string, string>
  readonly hardware: Hardware
  /** Disks that the machine knows, also those that clones of it lie on. */
  readonly media: readonly DiskMedium[]
  /** Path by UUID. */
  readonly images: ReadonlyMap<string, string>
  /** Each after its parent. */
  readonly snapshots: readonly HeldState[]
  readonly currentSnapshot: string | undefined
}

/** VirtualBox moves the old file away before the new one is there: so often it is looked again. */
const mostLooks = 20
const lookAgainMs = 25

/** Undefined where there is no such file. Throws bad-reply where it is none of VirtualBox's. */
export async function readSettings(file: string): Promise<MachineSettings | undefined> {
  for (let look = 1; ; look += 1) {
    try {
      return parseSettings(await readFile(file, 'utf8'), file)
    } catch (error) {
      if (!(error instanceof Error) || !hasCode(error, 'ENOENT')) throw error
      if (look === mostLooks) return undefined
      await delay(lookAgainMs)
    }
  }
}

/** `file` is where the text is from: paths in it are relative to its folder. */
export function parseSettings(text: string, file: string): MachineSettings | undefined {
  const machine = readXml(text, file).find('Machine')
  if (!machine) return undefined
  const folder = path.dirname(file)
  const inFolder = (location: string): string => path.resolve(folder, location)
  const registry = machine.find('MediaRegistry')
  const snapshots = machine.all('Snapshot').flatMap((node) => snapshotsIn(node, undefined, inFolder))
  return {
    uuid: uuidOf(machine.attribute('uuid')) ?? '',
    name: machine.attribute('name') ?? '',
    architecture: isArm(machine) ? 'aarch64' : 'x86_64',
    groups: machine.all('Groups', 'Group').map((group) => group.attribute('name') ?? ''),
    description: machine.find('Description')?.text ?? '',
    extraData: new Map(
      machine
        .all('ExtraData', 'ExtraDataItem')
        .map((item) => [item.attribute('name') ?? '', item.attribute('value') ?? '']),
    ),
    hardware: hardwareIn(machine),
    media: (registry?.all('HardDisks', 'HardDisk') ?? []).flatMap((node) => mediaIn(node, undefined, inFolder)),
    images: new Map(
      (registry?.all('DVDImages', 'Image') ?? []).map((image) => [
        uuidOf(image.attribute('uuid')) ?? '',
        inFolder(image.attribute('location') ?? ''),
      ]),
    ),
    snapshots,
    currentSnapshot: uuidOf(machine.attribute('currentSnapshot')),
  }
}

/** Of an x86 machine 7.2 writes no platform. */
function isArm(machine: XmlNode): boolean {
  return machine.find('Platform')?.attribute('architecture')?.toLowerCase() === 'arm'
}

/** A parent without its media is not in the machine's registry: it lies in that of another machine. */
function mediaIn(node: XmlNode, parent: string | undefined, inFolder: (path: string) => string): readonly DiskMedium[] {
  const uuid = uuidOf(node.attribute('uuid')) ?? ''
  const own = { uuid, path: inFolder(node.attribute('location') ?? ''), parent }
  return [own, ...node.all('HardDisk').flatMap((child) => mediaIn(child, uuid, inFolder))]
}

function snapshotsIn(
  node: XmlNode,
  parent: string | undefined,
  inFolder: (path: string) => string,
): readonly HeldState[] {
  const uuid = uuidOf(node.attribute('uuid')) ?? ''
  const memoryFile = node.attribute('stateFile')
  const hardware = node.find('Hardware')
  const variables = hardware?.find('BIOS', 'NVRAM') ?? hardware?.find('Firmware', 'NVRAM')
  const variablesFile = variables?.attribute('path')
  const own: HeldState = {
    uuid,
    name: node.attribute('name') ?? '',
    description: node.find('Description')?.text ?? '',
    created: node.attribute('timeStamp') ?? '',
    parent,
    memoryFile: memoryFile === undefined || memoryFile === '' ? undefined : inFolder(memoryFile),
    variablesFile: variablesFile === undefined ? undefined : inFolder(variablesFile),
    hardware: hardwareIn(node),
  }
  return [own, ...node.all('Snapshots', 'Snapshot').flatMap((child) => snapshotsIn(child, uuid, inFolder))]
}

const MiB = 1024 ** 2

/** What has its default value is not written. */
function hardwareIn(machine: XmlNode): Hardware {
  const hardware = machine.find('Hardware')
  // Before 7.1 the controllers stood beside the hardware.
  const controllers = [hardware, machine].flatMap(
    (place) => place?.all('StorageControllers', 'StorageController') ?? [],
  )
  const attached = controllers.flatMap((each) => each.all('AttachedDevice'))
  // Where the settings name the platform, the processor stands there.
  const cpus = [hardware?.find('CPU'), machine.find('Platform', 'CPU'), machine.find('Platform', 'x86', 'CPU')]
  const port = hardware?.all('UART', 'Port').find((each) => each.attribute('slot') === '0')
  return {
    memoryBytes: Number(hardware?.find('Memory')?.attribute('RAMSize') ?? 0) * MiB,
    cpus: Number(cpus.map((cpu) => cpu?.attribute('count')).find((count) => count !== undefined) ?? 1),
    tpm: (hardware?.find('TrustedPlatformModule')?.attribute('type') ?? 'none').toLowerCase() !== 'none',
    isNested: cpus.some((cpu) => isTrue(cpu?.find('NestedHWVirt')?.attribute('enabled'))),
    hasController: controllers.some((each) => each.attribute('name') === controller),
    disks: attached
      .filter((device) => device.attribute('type') === 'HardDisk')
      .map((device) => ({ port: portOf(device), uuid: imageOf(device) ?? '' })),
    drives: attached
      .filter((device) => device.attribute('type') === 'DVD')
      .map((device) => ({ port: portOf(device), uuid: imageOf(device) })),
    cards: (hardware?.all('Network', 'Adapter') ?? [])
      .filter((adapter) => isTrue(adapter.attribute('enabled')))
      .map(cardOf)
      .toSorted((a, b) => a.slot - b.slot),
    serialPath: port?.attribute('hostMode') === 'HostPipe' ? port.attribute('path') : undefined,
  }
}

function cardOf(adapter: XmlNode): Card {
  // Those that are not in use stand below DisabledModes.
  const mode = adapter.children.find(({ name }) => name !== 'DisabledModes' && name !== 'Property')
  return {
    slot: Number(adapter.attribute('slot')),
    mac: (adapter.attribute('MACAddress')?.match(/../g) ?? []).join(':').toLowerCase(),
    attachment: mode?.name ?? 'none',
    network: mode?.attribute('name'),
    forwards: (mode?.name === 'NAT' ? mode.all('Forwarding') : []).map((rule) => ({
      name: rule.attribute('name') ?? '',
      hostPort: Number(rule.attribute('hostport')),
      guestPort: Number(rule.attribute('guestport')),
    })),
  }
}

function portOf(device: XmlNode): number {
  return Number(device.attribute('port'))
}

function imageOf(device: XmlNode): string | undefined {
  return uuidOf(device.find('Image')?.attribute('uuid'))
}

/** `{11111111-2222-…}` without its braces. */
function uuidOf(text: string | undefined): string | undefined {
  return text?.replaceAll(/[{}]/g, '').toLowerCase()
}

function isTrue(text: string | undefined): boolean {
  return text === 'true'
}
