/** The plan of one machine on libvirt: pure, from the request and the facts. */
import { posix } from 'node:path'
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { emptyPlan } from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { boards, installerTarget, type DomainType } from './boards.ts'
import { diagnose } from './diagnose.ts'
import { domainXml, type DomainNetwork, type FirmwarePair } from './domain-xml.ts'
import { nativeOf, type KvmNative } from './facts.ts'
import { chooseFirmware } from './firmware.ts'
import type { ForwardRule, KvmMark } from './mark-metadata.ts'
import {
  hostOnlyNetwork,
  inPool,
  isoVolumeOf,
  machineFiles,
  namesByHand,
  networkName,
  poolNameFor,
  type MachineFiles,
} from './names.ts'
import { linkFor } from './network-link.ts'
import * as script from './script.ts'
import { poolXml, volumeXml } from './storage-xml.ts'
import { hostOnlyNetworkXml, hostOnlySubnets, isolatedNetworkXml } from './network-xml.ts'

/** Parameters of each operation, as data; `apply` and `observe` read them back by kind. */
export type KvmParameters =
  | DefineParameters
  | { readonly kind: 'pool'; readonly pool: string; readonly path: string }
  | {
      readonly kind: 'volume'
      readonly pool: string
      readonly volume: string
      readonly path: string
      readonly sizeBytes: number
    }
  | { readonly kind: 'network' | 'host-only'; readonly network: string }
  | { readonly kind: 'medium'; readonly pool: string; readonly volume: string }
  | { readonly kind: 'start'; readonly acceleration: 'auto' | 'hardware' | 'emulated' }
  | { readonly kind: 'forward'; readonly forwards: readonly ForwardRule[] }

export interface DefineParameters {
  readonly kind: 'domain'
  readonly name: string
  readonly uuid: string
  readonly xml: string
  readonly networks: readonly DomainNetwork[]
}

export function makePlan(request: MachineRequest, facts: Facts): Plan {
  const diagnostics = diagnose(request, facts)
  if (diagnostics.some((diagnostic) => diagnostic.level === 'error')) return emptyPlan(diagnostics, 'sh')
  const design = designOf(request, facts)
  const byHand = designByHand(design)
  const operations = [
    define(design, byHand),
    ...design.ownNetworks.map((network, index) => makeNetwork(network, byHand.ownNetworks[index] ?? network, index)),
    ...(design.hasHostOnly ? [makeHostOnly(byHand)] : []),
    makePool(design, byHand),
    ...design.request.spec.machine.disks.map((disk, index) => makeDisk(design, byHand, index, disk.size)),
    attachInstaller(design, byHand),
    start(byHand),
    ...(design.forwards.length === 0 ? [] : [forward(design)]),
  ]
  return {
    diagnostics,
    operations,
    script: {
      language: 'sh',
      prologue: script.prologue(facts.host),
      epilogue: script.epilogue(request.ref.name, byHand.pool.name, serialLogsByHand(design, byHand), [
        ...byHand.ownNetworks,
        ...(byHand.hasHostOnly ? [namesByHand(request.ref.name).hostOnly] : []),
      ]),
    },
    choices: choicesOf(design),
  }
}

/** Everything that is decided about the machine, before it is cut into operations. */
interface Design {
  readonly request: MachineRequest
  readonly native: KvmNative
  readonly files: MachineFiles
  readonly pool: { readonly name: string; readonly path: string }
  readonly isSecureBoot: boolean
  readonly firmware: FirmwarePair | 'automatic'
  readonly firmwareText: string
  readonly networks: readonly DomainNetwork[]
  readonly ownNetworks: readonly string[]
  /** A card is on the network that all host-only machines share. */
  readonly hasHostOnly: boolean
  readonly forwards: readonly ForwardRule[]
  readonly isoVolume: string
}

function designOf(request: MachineRequest, facts: Facts): Design {
  const native = nativeOf(facts)
  const { spec } = request
  const poolName = poolNameFor(spec.storage.path)
  const path =
    native.pools.find((pool) => pool.name === poolName)?.path ??
    inPool(spec.storage.path ?? native.imageFolder, 'azl-vm')
  const isSecureBoot = spec.machine.firmware.secureBoot === true
  const chosen = chooseFirmware(native.descriptors, request.architecture, isSecureBoot)
  const isAutomatic = native.isFirmwareAutomatic[request.architecture] === true
  const networks = spec.machine.networks.map((network, index) => ({
    mode: network.mode,
    mac: request.macs[index] ?? '',
    ...linkFor(request, index),
  }))
  return {
    request,
    native,
    files: machineFiles(request.ref.name, request.mark.runId),
    pool: { name: poolName, path },
    isSecureBoot,
    firmware: isAutomatic || !chosen ? 'automatic' : chosen,
    firmwareText: chosen
      ? `${chosen.code} with ${chosen.varsTemplate} (${chosen.descriptor})`
      : 'chosen by libvirt when the machine is defined',
    networks,
    ownNetworks: networks.flatMap(({ mode }, index) =>
      mode === 'isolated' ? [networkName(request.mark.runId, index)] : [],
    ),
    hasHostOnly: networks.some(({ network }) => network === hostOnlyNetwork),
    forwards: networks.flatMap((network, index) => forwardsOf(request, network, index)),
    isoVolume: isoVolumeOf(request.installer),
  }
}

/** The same machine with names of its own, for the script. */
function designByHand(design: Design): Design {
  const { request, networks } = design
  const names = namesByHand(request.ref.name)
  const path = inPool(posix.dirname(design.pool.path), names.pool)
  const isOwn = ({ mode }: DomainNetwork): boolean => mode === 'isolated'
  return {
    ...design,
    files: names.files,
    pool: { name: names.pool, path },
    networks: networks.map((network, index) => {
      if (isOwn(network)) return { ...network, network: names.network(index) }
      return network.network === hostOnlyNetwork ? { ...network, network: names.hostOnly } : network
    }),
    ownNetworks: networks.flatMap((network, index) => (isOwn(network) ? [names.network(index)] : [])),
    isoVolume: 'medium.iso',
  }
}

/** The logs of its serial ports, as {@link script.epilogue} tells of them. */
function serialLogsByHand({ request }: Design, byHand: Design): readonly string[] {
  return boards[request.architecture].serialTargets.map((_, index) => byHand.files.serialLog(index))
}

/** The first network card in user mode leads a port of the host to the guest's SSH, beside what the spec forwards. */
function forwardsOf(request: MachineRequest, network: DomainNetwork, index: number): readonly ForwardRule[] {
  if (network.mode !== 'nat' || network.network !== undefined) return []
  const asked = (request.spec.machine.networks[index]?.forward ?? []).map((rule) => ({
    network: index,
    hostPort: rule.host === 'any' ? 0 : rule.host,
    guestPort: rule.guest,
  }))
  const isFirst = request.spec.machine.networks.findIndex(({ mode }) => mode === 'nat') === index
  const hasSsh = asked.some((rule) => rule.guestPort === sshPort)
  return hasSsh || !isFirst ? asked : [{ network: index, hostPort: 0, guestPort: sshPort, isOwn: true }, ...asked]
}

export const sshPort = 22

function typeFirstTried(design: Design): DomainType {
  const { acceleration } = design.request.spec.machine
  if (acceleration === 'emulated') return 'qemu'
  return acceleration === 'hardware' || design.native.advertisesKvm[design.request.architecture] === true
    ? 'kvm'
    : 'qemu'
}

function xmlOf(design: Design, type: DomainType, mark: Mark | undefined): string {
  const { request, pool, files } = design
  return domainXml({
    request,
    mark,
    type,
    emulator: design.native.emulators[request.architecture],
    firmware: design.firmware,
    isSecureBoot: design.isSecureBoot,
    diskPaths: request.spec.machine.disks.map((_, index) => inPool(pool.path, files.disk(index))),
    nvramPath: inPool(pool.path, files.nvram),
    serialLogPaths: boards[request.architecture].serialTargets.map((_, index) =>
      inPool(pool.path, files.serialLog(index)),
    ),
    networks: design.networks,
  })
}

function operation(
  id: string,
  title: string,
  object: Operation['object'],
  parameters: KvmParameters,
  rest: Pick<Operation, 'undo' | 'script' | 'native' | 'outputs'>,
): Operation {
  return { id, title, object, parameters: { ...parameters }, ...rest }
}

/** Snapshots and a base come later, where they do. */
type PlannedMark = Omit<KvmMark, 'snapshots' | 'currentSnapshot' | 'unreadMemory' | 'base'>

function define(design: Design, byHand: Design): Operation {
  const { request, pool } = design
  const type = typeFirstTried(design)
  const kvmMark: PlannedMark = {
    pool: pool.name,
    acceleration: request.spec.machine.acceleration,
    firstType: type,
    isNested: request.spec.machine.nestedVirtualization,
    forwards: design.forwards,
    ownNetworks: design.ownNetworks,
    networkModes: design.networks.map((network) => network.mode),
    logBytesAtStart: 0,
    rotationAtStart: '',
    systemLogAtStart: undefined,
  }
  const xml = xmlOf(design, type, { ...request.mark, provider: { ...kvmMark } })
  const { name, id } = request.ref
  return operation(
    'define',
    `define the domain ${name}`,
    { kind: 'domain', name },
    { kind: 'domain', name, uuid: id, xml, networks: design.networks },
    {
      undo: 'undefine the domain, with its firmware variables and TPM state',
      native: { language: 'xml', text: xml },
      script: script.define(xmlOf(byHand, type, undefined)),
      outputs: [],
    },
  )
}

function makeNetwork(network: string, networkByHand: string, index: number): Operation {
  return operation(
    `network-${String(index)}`,
    'make a switch of the machine’s own',
    { kind: 'network', name: network },
    { kind: 'network', network },
    {
      undo: 'remove the network',
      native: { language: 'xml', text: isolatedNetworkXml(network) },
      script: script.makeNetwork(isolatedNetworkXml(networkByHand), networkByHand),
      outputs: [],
    },
  )
}

/** The rule: the first addresses that the host has no route to, found when it is applied. */
function makeHostOnly({ request }: Design): Operation {
  const [first = 0] = hostOnlySubnets
  const { hostOnly } = namesByHand(request.ref.name)
  return operation(
    'network-host-only',
    `see that the host-only network ${hostOnlyNetwork} is there`,
    { kind: 'network', name: hostOnlyNetwork },
    { kind: 'host-only', network: hostOnlyNetwork },
    {
      undo: 'remove the network where no machine uses it',
      native: { language: 'xml', text: hostOnlyNetworkXml(hostOnlyNetwork, first) },
      script: script.makeHostOnly(hostOnlyNetworkXml(hostOnly, first), hostOnly, hostOnlySubnets),
      outputs: [],
    },
  )
}

function makePool({ pool }: Design, byHand: Design): Operation {
  return operation(
    'pool',
    `see that the storage pool ${pool.name} is there`,
    { kind: 'pool', name: pool.name },
    { kind: 'pool', pool: pool.name, path: pool.path },
    {
      undo: 'remove the pool where nothing uses it',
      native: { language: 'xml', text: poolXml(pool.name, pool.path) },
      script: script.makePool(byHand.pool.name, byHand.pool.path),
      outputs: [],
    },
  )
}

function makeDisk({ pool, files }: Design, byHand: Design, index: number, sizeBytes: number): Operation {
  const volume = files.disk(index)
  return operation(
    `disk-${String(index)}`,
    `make disk ${String(index)}`,
    { kind: 'volume', name: `${pool.name}/${volume}` },
    { kind: 'volume', pool: pool.name, volume, path: inPool(pool.path, volume), sizeBytes },
    {
      undo: 'delete the volume',
      native: { language: 'xml', text: volumeXml(volume, sizeBytes, 'qcow2') },
      script: script.makeDisk(byHand.pool.name, byHand.files.disk(index), sizeBytes),
      outputs: [],
    },
  )
}

function attachInstaller({ request, pool, isoVolume }: Design, byHand: Design): Operation {
  const { device } = installerTarget(request.architecture)
  return operation(
    'attach-installer',
    'put the medium into the optical drive',
    { kind: 'medium', name: request.installer.path },
    { kind: 'medium', pool: pool.name, volume: isoVolume },
    {
      undo: 'eject it, and delete the copy where no machine uses it',
      script: script.attachInstaller(
        request.ref.name,
        device,
        byHand.pool.name,
        byHand.pool.path,
        byHand.isoVolume,
        request.installer,
      ),
      outputs: ['place'],
    },
  )
}

function start(design: Design): Operation {
  const { request, pool, files } = design
  const { acceleration } = request.spec.machine
  const emulated = xmlOf(design, 'qemu', undefined)
  const first = typeFirstTried(design)
  const isTwofold = acceleration === 'auto' && first === 'kvm'
  return operation(
    'start',
    `start ${request.ref.name}`,
    { kind: 'start', name: request.ref.name },
    { kind: 'start', acceleration },
    {
      undo: 'switch it off',
      script: isTwofold
        ? script.startOrEmulate(
            request.ref.name,
            pool.name,
            files.serialLog(0),
            emulated,
            installerTarget(request.architecture).device,
            inPool(pool.path, design.isoVolume),
          )
        : script.start(request.ref.name),
      outputs: ['acceleration'],
    },
  )
}

function forward({ request, forwards }: Design): Operation {
  const name = request.ref.name
  return operation(
    'forward',
    'lead ports of the host to the guest',
    { kind: 'forward', name },
    { kind: 'forward', forwards },
    {
      undo: 'gone when the machine is off',
      script: script.forward(name, forwards),
      outputs: forwards.map((rule) => `port-${String(rule.guestPort)}`),
    },
  )
}

function choicesOf(design: Design): Plan['choices'] {
  const { request, native, pool } = design
  const { acceleration } = request.spec.machine
  const first = typeFirstTried(design)
  const how = {
    auto: first === 'kvm' ? 'KVM where guests run with it, else emulation' : 'emulation (libvirt offers no KVM)',
    hardware: 'KVM',
    emulated: 'emulation',
  }
  return [
    { label: 'libvirt', value: request.spec.host === 'local' ? native.why : 'named in the spec' },
    { label: 'firmware', value: design.firmwareText },
    { label: 'Secure Boot', value: design.isSecureBoot ? 'on, with Microsoft’s keys' : 'off' },
    { label: 'acceleration', value: how[acceleration] },
    { label: 'storage', value: `pool ${pool.name} in ${pool.path}` },
    {
      label: 'medium',
      value: `${request.installer.path} (read in place where libvirt may, else copied to ${pool.name}/${design.isoVolume})`,
    },
  ]
}
