/** The domain XML of a machine: the one place that says how a machine of azl-vm looks to libvirt. */
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'
import { boards, installerTarget, type DomainType } from './boards.ts'
import { markElement } from './mark-metadata.ts'
import type { NetworkLink } from './network-link.ts'
import { element, toXml, type XmlElement } from './xml.ts'

export interface DomainNetwork extends NetworkLink {
  readonly mode: NetworkMode
  readonly mac: string
}

/** An explicit firmware pair, where libvirt does not choose one itself. */
export interface FirmwarePair {
  readonly code: string
  readonly varsTemplate: string
}

export interface DomainParts {
  readonly request: MachineRequest
  /** Left out of what `plan --emit sh` writes: what that script makes is foreign to azl-vm. */
  readonly mark: Mark | undefined
  readonly type: DomainType
  readonly emulator: string | undefined
  readonly firmware: FirmwarePair | 'automatic'
  readonly isSecureBoot: boolean
  readonly diskPaths: readonly string[]
  readonly nvramPath: string
  /** By serial port: the firmware's, then the system's own where there is one. */
  readonly serialLogPaths: readonly string[]
  readonly networks: readonly DomainNetwork[]
}

export function domainXml(parts: DomainParts): string {
  const { request, mark } = parts
  const { machine } = request.spec
  return toXml(
    element(
      'domain',
      { type: parts.type },
      element('name', {}, request.ref.name),
      element('uuid', {}, request.ref.id),
      mark && element('metadata', {}, markElement(mark)),
      element('memory', { unit: 'bytes' }, String(machine.memory)),
      element('vcpu', {}, String(machine.cpus)),
      osElement(parts),
      featuresElement(parts),
      cpuElement(parts.type, request.architecture, machine.nestedVirtualization),
      element('clock', { offset: 'utc' }),
      element('on_poweroff', {}, 'destroy'),
      element('on_reboot', {}, 'restart'),
      element('on_crash', {}, 'destroy'),
      devicesElement(parts),
    ),
  )
}

function osElement(parts: DomainParts): XmlElement {
  const { request, firmware, isSecureBoot } = parts
  const type = element('type', { arch: request.architecture, machine: boards[request.architecture].machine }, 'hvm')
  if (firmware !== 'automatic') {
    const secure = isSecureBoot && boards[request.architecture].hasSmm ? 'yes' : undefined
    const loader = element('loader', { readonly: 'yes', type: 'pflash', secure }, firmware.code)
    return element('os', {}, type, loader, element('nvram', { template: firmware.varsTemplate }, parts.nvramPath))
  }
  const enabled = isSecureBoot ? 'yes' : 'no'
  // Without these features libvirt picks Secure Boot with Microsoft's keys; without stateless='no' a newer one
  // picks a firmware that keeps no variables (seen with 9.0 and 12.8).
  const features = ['secure-boot', 'enrolled-keys'].map((name) => element('feature', { enabled, name }))
  return element(
    'os',
    { firmware: 'efi' },
    type,
    element('firmware', {}, ...features),
    element('loader', { stateless: 'no' }),
    element('nvram', {}, parts.nvramPath),
  )
}

function featuresElement({ request, isSecureBoot, type }: DomainParts): XmlElement {
  const board = boards[request.architecture]
  const smm = isSecureBoot && board.hasSmm && element('smm', { state: 'on' })
  return element('features', {}, ...board.features(type), smm)
}

/** The processor: the host's own where it runs the guest, else all that the emulation can. */
export function cpuElement(type: DomainType, architecture: Architecture, isNested: boolean): XmlElement {
  if (type === 'qemu') return element('cpu', { mode: 'maximum' })
  const refused = isNested ? [] : boards[architecture].nestingFeatures
  const features = refused.map((name) => element('feature', { policy: 'disable', name }))
  // migratable: a memory snapshot is refused where the processor has what cannot be carried over (invariant TSC).
  return element('cpu', { mode: 'host-passthrough', check: 'none', migratable: 'on' }, ...features)
}

function devicesElement(parts: DomainParts): XmlElement {
  const { request, emulator } = parts
  const board = boards[request.architecture]
  const [installer, seed] = board.opticalTargets
  return element(
    'devices',
    {},
    emulator !== undefined && element('emulator', {}, emulator),
    ...parts.diskPaths.map((file, index) => diskElement(file, index)),
    opticalElement(installer, board.opticalBus, request.spec.machine.disks.length + 1),
    opticalElement(seed, board.opticalBus, undefined),
    ...board.controllers,
    // Azure Linux's initrd has no USB storage, and nothing else here needs USB.
    element('controller', { type: 'usb', model: 'none' }),
    ...parts.networks.map(interfaceElement),
    ...serialElements(board.serialTargets, parts.serialLogPaths),
    // listen type none: no port on any network; a viewer gets its socket from libvirt.
    element('graphics', { type: 'vnc' }, element('listen', { type: 'none' })),
    element('video', {}, element('model', { type: 'virtio' })),
    element('memballoon', { model: 'none' }),
    element('rng', { model: 'virtio' }, element('backend', { model: 'random' }, '/dev/urandom')),
    request.spec.machine.firmware.tpm && tpmElement(request.architecture),
  )
}

function diskElement(file: string, index: number): XmlElement {
  return element(
    'disk',
    { type: 'file', device: 'disk' },
    element('driver', { name: 'qemu', type: 'qcow2', discard: 'unmap' }),
    element('source', { file }),
    element('target', { dev: diskTarget(index), bus: 'virtio' }),
    element('boot', { order: index + 1 }),
  )
}

export function diskTarget(index: number): string {
  return `vd${String.fromCharCode('a'.charCodeAt(0) + index)}`
}

function opticalElement(device: string, bus: string, bootOrder: number | undefined): XmlElement {
  return element(
    'disk',
    { type: 'file', device: 'cdrom' },
    element('driver', { name: 'qemu', type: 'raw' }),
    element('target', { dev: device, bus }),
    element('readonly'),
    bootOrder !== undefined && element('boot', { order: bootOrder }),
  )
}

/** The same drive with a medium in it. `isRelabelled` false: libvirt leaves owner and mode of the file alone. */
export function opticalWithMedium(
  architecture: Architecture,
  file: string | undefined,
  isRelabelled: boolean,
  bootOrder: number | undefined,
): string {
  const { device, bus } = installerTarget(architecture)
  const label = !isRelabelled && element('seclabel', { model: 'dac', relabel: 'no' })
  return toXml(
    element(
      'disk',
      { type: 'file', device: 'cdrom' },
      element('driver', { name: 'qemu', type: 'raw' }),
      file !== undefined && element('source', { file }, label),
      element('target', { dev: device, bus }),
      element('readonly'),
      bootOrder !== undefined && element('boot', { order: bootOrder }),
    ),
  )
}

function interfaceElement({ mac, network, bridge }: DomainNetwork): XmlElement {
  const type = bridge === undefined ? (network === undefined ? 'user' : 'network') : 'bridge'
  return element(
    'interface',
    { type },
    element('mac', { address: mac }),
    type !== 'user' && element('source', { network, bridge }),
    element('model', { type: 'virtio' }),
  )
}

function serialElements(targets: readonly XmlElement[], logPaths: readonly string[]): readonly XmlElement[] {
  // append: virtlogd would else begin anew at each start, and what the last boot said would be gone.
  const logs = logPaths.map((file) => element('log', { file, append: 'on' }))
  return [
    ...targets.map((target, index) => element('serial', { type: 'pty' }, logs[index], target)),
    element('console', { type: 'pty' }, logs[0], element('target', { type: 'serial', port: '0' })),
  ]
}

function tpmElement(architecture: Architecture): XmlElement {
  const { tpmModel } = boards[architecture]
  return element('tpm', { model: tpmModel }, element('backend', { type: 'emulator', version: '2.0' }))
}
