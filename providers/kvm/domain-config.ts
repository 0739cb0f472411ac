/** What a domain XML of libvirt says, in the words of the contract. */
import { AzlVmError } from '../../src/errors.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { MachineInfo } from '../../src/provider/machine.ts'
import { boards } from './boards.ts'
import { markInDomain, kvmMark } from './mark-metadata.ts'
import type { XmlNode } from '../../src/host/read-xml.ts'
import { parseXml } from './xml-reader.ts'

export interface DomainConfig extends Omit<MachineInfo, 'state' | 'reason' | 'disks'> {
  readonly domainType: string
  readonly disks: readonly DomainDisk[]
  readonly optical: readonly OpticalDrive[]
  readonly interfaces: readonly DomainInterface[]
  readonly nvramPath: string | undefined
  /** By serial port. */
  readonly serialLogPaths: readonly (string | undefined)[]
  readonly isNested: boolean
  /** Every path that the domain names. */
  readonly paths: readonly string[]
}

export interface DomainDisk {
  readonly target: string
  readonly path: string
}

export interface OpticalDrive {
  readonly target: string
  readonly bus: string
  readonly path: string | undefined
  readonly bootOrder: number | undefined
}

export interface DomainInterface {
  /** `user`, `network`, `bridge` … */
  readonly type: string
  readonly mac: string
  readonly network: string | undefined
  readonly bridge: string | undefined
}

const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1000,
  k: 1024,
  KiB: 1024,
  MB: 1000 ** 2,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1000 ** 3,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
}

export function parseDomain(xml: string): DomainConfig {
  const domain = parseXml(xml)
  const mark = markInDomain(domain)
  const devices = domain.all('devices', 'disk')
  const disks = devices.filter((disk) => disk.attribute('device') !== 'cdrom').map(diskOf)
  const optical = devices.filter((disk) => disk.attribute('device') === 'cdrom').map(opticalOf)
  const interfaces = domain.all('devices', 'interface').map(interfaceOf)
  const nvramPath = textAt(domain, 'os', 'nvram')
  const serialLogPaths = domain.all('devices', 'serial').map((port) => port.find('log')?.attribute('file'))
  const modes = mark ? kvmMark(mark).networkModes : []
  return {
    ref: { name: textAt(domain, 'name') ?? '', id: textAt(domain, 'uuid') ?? '' },
    mark,
    domainType: domain.attribute('type') ?? '',
    acceleration: domain.attribute('type') === 'qemu' ? 'emulated' : 'hardware',
    architecture: domain.find('os', 'type')?.attribute('arch') ?? '',
    cpus: Number(textAt(domain, 'vcpu') ?? 0),
    memoryBytes: memoryOf(domain),
    disks,
    optical,
    interfaces,
    secureBoot: isSecureBoot(domain),
    tpm: domain.find('devices', 'tpm') !== undefined,
    networks: interfaces.map((entry, index) => ({ mode: modes[index] ?? entry.type, mac: entry.mac })),
    installer: optical[0]?.path,
    nvramPath,
    serialLogPaths,
    hasSystemPort: serialLogPaths.length > 1,
    isNested: isNested(domain),
    paths: [
      ...disks.map((disk) => disk.path),
      ...optical.map((drive) => drive.path),
      nvramPath,
      ...serialLogPaths,
    ].filter((path): path is string => path !== undefined && path !== ''),
  }
}

/** The architecture of a machine that is to be changed; one that we never make is no reason to guess. */
export function architectureOf({ ref, architecture }: Pick<DomainConfig, 'ref' | 'architecture'>): Architecture {
  if (isKnown(architecture)) return architecture
  throw new AzlVmError(
    'not-supported',
    `"${ref.name}" is a machine for ${architecture}, which azl-vm knows nothing of`,
    {
      hint: `Known are ${Object.keys(boards).join(' and ')}; virsh changes and starts the others.`,
    },
  )
}

function isKnown(architecture: string): architecture is Architecture {
  return Object.hasOwn(boards, architecture)
}

function isNested(domain: XmlNode): boolean {
  const architecture = domain.find('os', 'type')?.attribute('arch') ?? ''
  const nestingFeatures = isKnown(architecture) ? boards[architecture].nestingFeatures : []
  const isRefused = (feature: XmlNode): boolean =>
    nestingFeatures.includes(feature.attribute('name') ?? '') && feature.attribute('policy') === 'disable'
  return nestingFeatures.length > 0 && !domain.all('cpu', 'feature').some(isRefused)
}

function textAt(node: XmlNode, ...path: readonly string[]): string | undefined {
  return node.find(...path)?.text
}

function memoryOf(domain: XmlNode): number {
  const memory = domain.find('memory')
  return Number(memory?.text ?? 0) * (unitBytes[memory?.attribute('unit') ?? 'KiB'] ?? 1024)
}

function isSecureBoot(domain: XmlNode): boolean {
  const feature = domain.all('os', 'firmware', 'feature').find((entry) => entry.attribute('name') === 'secure-boot')
  if (feature) return feature.attribute('enabled') === 'yes'
  return domain.find('os', 'loader')?.attribute('secure') === 'yes'
}

function diskOf(disk: XmlNode): DomainDisk {
  return { target: disk.find('target')?.attribute('dev') ?? '', path: disk.find('source')?.attribute('file') ?? '' }
}

function opticalOf(disk: XmlNode): OpticalDrive {
  const order = disk.find('boot')?.attribute('order')
  return {
    target: disk.find('target')?.attribute('dev') ?? '',
    bus: disk.find('target')?.attribute('bus') ?? '',
    path: disk.find('source')?.attribute('file'),
    bootOrder: order === undefined ? undefined : Number(order),
  }
}

function interfaceOf(entry: XmlNode): DomainInterface {
  return {
    type: entry.attribute('type') ?? '',
    mac: (entry.find('mac')?.attribute('address') ?? '').toLowerCase(),
    network: entry.find('source')?.attribute('network'),
    bridge: entry.find('source')?.attribute('bridge'),
  }
}
