/** What is asked of VBoxManage, as argument arrays: the same for `up`, for `plan` and for scripts by hand. */
import type { DiskParameters } from '../../src/provider/operations.ts'
import type { ForwardRule } from './mark-text.ts'
import { controller, diskPort, opticalPorts, ruleName } from './names.ts'
import type { CardRule, MachineParameters } from './parameters.ts'

export type Arguments = readonly string[]

const MiB = 1024 ** 2

/** Makes the machine and registers it; what it is begun with, VirtualBox has by `group` and UUID from the first moment. */
export function createMachine({
  name,
  id,
  group,
  baseFolder,
  architecture,
  isPlatformNamed,
  osType,
}: Pick<MachineParameters, 'name' | 'group' | 'baseFolder' | 'architecture' | 'isPlatformNamed' | 'osType'> & {
  readonly id: string | undefined
}): Arguments {
  return [
    ...['createvm', '--name', name],
    ...(isPlatformNamed ? ['--platform-architecture', architecture === 'aarch64' ? 'arm' : 'x86'] : []),
    ...(id === undefined ? [] : ['--uuid', id]),
    ...(group === '' ? [] : ['--groups', group]),
    ...(baseFolder === undefined ? [] : ['--basefolder', baseFolder]),
    ...['--ostype', osType, '--register'],
  ]
}

/** A forwarded port with the host's side chosen, or words in its place. */
export interface ChosenForward extends Pick<ForwardRule, 'network' | 'guestPort'> {
  readonly hostPort: number | string
}

/** Starts the machine before its first instruction; for VBoxHeadless. */
export function startPaused(machine: string): Arguments {
  return ['--startvm', machine, '--start-paused', '--vrde', 'off']
}

export function resume(machine: string): Arguments {
  return ['controlvm', machine, 'resume']
}

/** All that the machine is, beside its disks and drives, in one call; its description last. */
export function configureMachine(
  machine: string,
  { architecture, memoryBytes, cpus, tpm, isNested, serialPath, cards }: Omit<MachineParameters, 'forwards'>,
  forwards: readonly ChosenForward[],
  description: string | undefined,
): Arguments {
  return [
    ...['modifyvm', machine, '--memory', String(memoryBytes / MiB), '--cpus', String(cpus)],
    ...(architecture === 'aarch64' ? armHardware : x86Hardware(isNested)),
    ...['--tpm-type', tpm ? '2.0' : 'none'],
    ...['--graphicscontroller', 'vmsvga', '--vram', '16', '--audio-enabled', 'off'],
    ...['--boot1', 'disk', '--boot2', 'dvd', '--boot3', 'none', '--boot4', 'none'],
    ...['--uart1', '0x3F8', '4', '--uart-mode1', 'server', serialPath],
    // A new machine has one.
    ...(cards.length === 0 ? ['--nic1', 'none'] : cards.flatMap((card, index) => networkCard(card, index + 1))),
    ...forwards.flatMap(addForward),
    ...(description === undefined ? [] : ['--description', description]),
  ]
}

function x86Hardware(isNested: boolean): Arguments {
  return ['--firmware', 'efi64', ...(isNested ? ['--nested-hw-virt', 'on'] : [])]
}

/** Guests on ARM have no PS/2 (VirtualBox's own defaults for Fedora_arm64). */
const armHardware: Arguments = ['--firmware', 'efi', '--usb-xhci', 'on', '--mouse', 'usbtablet', '--keyboard', 'usb']

/** `slot` is from 1. Virtio: the one model that Azure Linux's kernels of both architectures drive. */
function networkCard({ mac, link }: CardRule, slot: number): Arguments {
  const option = (name: string): string => `--${name}${String(slot)}`
  const address = [option('nic-type'), 'virtio', option('mac-address'), mac.replaceAll(':', '').toUpperCase()]
  switch (link.is) {
    case 'nat':
      return [option('nic'), 'nat', ...address]
    case 'bridged':
      return [option('nic'), 'bridged', option('bridge-adapter'), link.interface, ...address]
    case 'host-only':
      return [option('nic'), 'hostonly', option('host-only-adapter'), link.interface, ...address]
    case 'host-only-net':
      return [option('nic'), 'hostonlynet', option('host-only-net'), link.network, ...address]
    case 'internal':
      return [option('nic'), 'intnet', option('intnet'), link.network, ...address]
  }
}

/** On the host's own address only. */
export function addForward({ network, hostPort, guestPort }: ChosenForward): Arguments {
  const rule = `${ruleName(guestPort)},tcp,127.0.0.1,${String(hostPort)},,${String(guestPort)}`
  return [`--nat-pf${String(network + 1)}`, rule]
}

export function removeForward({ network, guestPort }: Pick<ForwardRule, 'network' | 'guestPort'>): Arguments {
  return [`--nat-pf${String(network + 1)}`, 'delete', ruleName(guestPort)]
}

/** The store first, then who may sign, then whose key holds it: without that nothing can be switched on. */
export function secureBoot(machine: string): readonly Arguments[] {
  return [
    ['modifynvram', machine, 'inituefivarstore'],
    ['modifynvram', machine, 'enrollmssignatures'],
    ['modifynvram', machine, 'enrollorclpk'],
    ['modifynvram', machine, 'secureboot', '--enable'],
  ]
}

/** One controller, and the seed's drive; the installer's comes with its medium. */
export function addDrives(machine: string, diskCount: number): readonly [controller: Arguments, seed: Arguments] {
  const ports = Math.max(diskCount, 1) + Object.keys(opticalPorts).length
  const size = ['--portcount', String(ports), '--bootable', 'on']
  return [
    ['storagectl', machine, '--name', controller, '--add', 'sata', ...size],
    insertMedium(machine, opticalPorts.seed, undefined),
  ]
}

/** Makes the drive where there is none. */
export function insertMedium(machine: string, port: number, file: string | undefined): Arguments {
  return [...attach(machine, port, 'dvddrive'), '--medium', file ?? 'emptydrive']
}

export function addDisk(machine: string, { index, path, sizeBytes }: DiskParameters): readonly Arguments[] {
  return [createDisk(path, sizeBytes), attachDisk(machine, index, path)]
}

export function createDisk(file: string, sizeBytes: number): Arguments {
  return ['createmedium', 'disk', '--filename', file, '--sizebyte', String(sizeBytes), '--format', 'VDI']
}

export function attachDisk(machine: string, index: number, medium: string): Arguments {
  return [...attach(machine, diskPort(index), 'hdd'), '--medium', medium]
}

function attach(machine: string, port: number, type: 'hdd' | 'dvddrive'): Arguments {
  return [
    ...['storageattach', machine, '--storagectl', controller, '--port', String(port), '--device', '0'],
    ...['--type', type],
  ]
}
