/** The plan of one machine on Hyper-V: pure, from the request and the facts. */
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest, Medium } from '../../src/provider/machine.ts'
import {
  attachInstaller,
  emptyPlan,
  makeDisks,
  operation as anyOperation,
  startMachine,
  withMachine,
  type MakeOperation,
} from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { diagnose } from './diagnose.ts'
import { nativeOf, type HyperVNative } from './facts.ts'
import { mediaFile } from './host-media.ts'
import { diskFile, machineFolder, pathsOf, runName, storageRoot } from './names.ts'
import { adaptersOf, macsOn, sharedNetworksOf, type AdapterRule } from './network-cards.ts'
import type { HyperVParameters, MediumParameters } from './parameters.ts'
import { withCmdlets } from './script.ts'
import { secureBootTemplate } from './secure-boot.ts'
import { sharedSwitchName, type SharedNetwork } from './shared-networks.ts'

const operation: MakeOperation<HyperVParameters> = anyOperation

export function makePlan(request: MachineRequest, facts: Facts): Plan {
  const diagnostics = diagnose(request, facts)
  if (diagnostics.some(({ level }) => level === 'error')) return emptyPlan(diagnostics, 'ps1')
  const native = nativeOf(facts)
  const root = storageRoot(native, request.spec.storage.path)
  const folder = machineFolder(native, root, request.mark.runId)
  const adapters = adaptersOf(request, facts)
  const operations = [
    makeMachine(request, root, adapters),
    settings(request),
    ...adapters.flatMap(({ on }) => (on.is === 'private' ? [makeSwitch(on.name)] : [])),
    ...sharedNetworksOf(adapters).map((network) => joinNetwork(request, network, adapters)),
    networkCards(request, adapters),
    ...makeDisks(request, (index) => pathsOf(native).join(folder, diskFile(index))),
    drives(request),
    attachMedium(request, native),
    startMachine(request),
  ]
  return {
    diagnostics,
    ...withCmdlets(operations, request, { root, separator: native.separator }),
    choices: [
      { label: 'firmware', value: 'generation 2, UEFI' },
      {
        label: 'Secure Boot',
        value: secureBootTemplate(request) === '' ? 'off' : `on, with ${secureBootTemplate(request)}`,
      },
      { label: 'storage', value: folder },
      { label: 'medium', value: mediumPlace(request, native) },
    ],
  }
}

function makeMachine({ ref, spec, mark }: MachineRequest, root: string, adapters: readonly AdapterRule[]): Operation {
  return operation(
    'define',
    `make the machine ${ref.name}, mark it, and give it its name`,
    { kind: 'machine', name: ref.name },
    {
      kind: 'machine',
      root,
      runName: runName(mark.runId),
      name: ref.name,
      memoryBytes: spec.machine.memory,
      networkModes: spec.machine.networks.map(({ mode }) => mode),
      adapters,
    },
    { undo: 'remove the machine and its folder', outputs: ['vm-id'] },
  )
}

function settings(request: MachineRequest): Operation {
  const { machine } = request.spec
  return operation(
    'settings',
    'set processors, memory, firmware and the serial port',
    { kind: 'settings', name: request.ref.name },
    {
      kind: 'settings',
      memoryBytes: machine.memory,
      processors: machine.cpus,
      isNested: machine.nestedVirtualization,
      secureBootTemplate: secureBootTemplate(request),
      tpm: machine.firmware.tpm,
    },
    { undo: withMachine },
  )
}

function makeSwitch(name: string): Operation {
  return operation(
    `switch-${name.at(-1) ?? ''}`,
    'make a switch of the machine’s own',
    { kind: 'switch', name },
    { kind: 'switch', name },
    { undo: 'remove the switch' },
  )
}

/** The rule: the first range that no route, NAT or HNS network of the host overlaps, found when it is applied. */
function joinNetwork(
  { isHostNetworkAllowed = false }: MachineRequest,
  network: SharedNetwork,
  adapters: readonly AdapterRule[],
): Operation {
  const name = sharedSwitchName(network)
  const macs = macsOn(adapters, network)
  const isNat = network === 'nat'
  return operation(
    `network-${network}`,
    `see that the switch ${name}${isNat ? ' with its NAT network' : ''} is there, and reserve an address on it`,
    { kind: 'switch', name },
    { kind: 'shared-network', network, macs, mayMake: !isNat || isHostNetworkAllowed },
    {
      undo: `give the address back, and remove the switch${isNat ? ' and the NAT network' : ''} where no machine uses it`,
      outputs: ['prefix', 'gateway', ...macs.map((mac) => `address-${mac}`)],
    },
  )
}

function networkCards({ ref }: MachineRequest, adapters: readonly AdapterRule[]): Operation {
  const title = adapters.length === 0 ? 'remove the network card that New-VM made' : 'put the network cards in'
  return operation(
    'networks',
    title,
    { kind: 'network cards', name: ref.name },
    { kind: 'adapters', adapters },
    { undo: withMachine },
  )
}

function drives({ ref }: MachineRequest): Operation {
  return operation(
    'drives',
    'put in two optical drives; boot from the disks, then from the installer’s',
    { kind: 'optical drives', name: ref.name },
    { kind: 'drives' },
    { undo: withMachine },
  )
}

function attachMedium({ installer }: MachineRequest, native: HyperVNative): Operation {
  const copy = copyOnHost(installer, native)
  const path = copy ?? installer.path
  const parameters: MediumParameters = {
    kind: 'medium',
    path,
    copyOf: copy === undefined ? undefined : installer.path,
    isCopiedHere: !native.isRemote,
  }
  const attached = attachInstaller(path)
  const toHost = native.isRemote ? 'the host' : path
  return {
    ...attached,
    title:
      copy === undefined
        ? attached.title
        : `copy ${installer.path} to ${toHost} unless it is there, and put the copy into the optical drive`,
    parameters: { ...parameters },
  }
}

/** Undefined where Hyper-V reads the file in place. */
function copyOnHost({ sha256, path }: Medium, native: HyperVNative): string | undefined {
  return native.isRemote || native.unreadable?.path === path ? mediaFile(native, sha256) : undefined
}

function mediumPlace({ installer }: MachineRequest, native: HyperVNative): string {
  const copy = copyOnHost(installer, native)
  if (copy === undefined) return installer.path
  const why = native.unreadable === undefined ? '' : `: ${native.unreadable.why}`
  return `${installer.path} (copied to ${copy}${why})`
}
