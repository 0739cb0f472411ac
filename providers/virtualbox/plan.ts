/** The plan of one machine on VirtualBox: pure, from the request and the facts. */
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import {
  attachInstaller,
  emptyPlan,
  makeDisks,
  operation as anyOperation,
  scriptLanguageOf,
  startMachine,
  withMachine,
  type MakeOperation,
} from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { diagnose } from './diagnose.ts'
import { idPlace, nativeOf, type VirtualBoxNative } from './facts.ts'
import type { ForwardRule } from './mark-text.ts'
import { diskFile, groupOf, internalNetwork, joinPath, machineFolder } from './names.ts'
import type { CardLink, CardRule, MachineParameters, VirtualBoxParameters } from './parameters.ts'
import { isPlatformNamed } from './questions.ts'
import { optionsOf } from './request-options.ts'
import { withCommands } from './script.ts'

const operation: MakeOperation<VirtualBoxParameters> = anyOperation

export function makePlan(request: MachineRequest, facts: Facts): Plan {
  const diagnostics = diagnose(request, facts)
  const native = nativeOf(facts)
  if (diagnostics.some(({ level }) => level === 'error'))
    return emptyPlan(diagnostics, scriptLanguageOf(native.platform))
  const { machine, storage } = request.spec
  const folder = machineFolder(
    native.platform,
    storage.path ?? native.machineFolder,
    request.mark.runId,
    request.ref.name,
  )
  const isSecure = machine.firmware.secureBoot === true
  const operations = [
    makeMachine(request, native),
    ...(isSecure ? [secureBoot(request)] : []),
    drives(request),
    ...makeDisks(request, (index) => joinPath(native.platform, folder, diskFile(index))),
    attachInstaller(request.installer.path),
    start(request),
  ]
  return {
    diagnostics,
    ...withCommands(operations, request, native),
    choices: [
      { label: 'firmware', value: 'VirtualBox’s own UEFI' },
      { label: 'Secure Boot', value: isSecure ? 'on, with Microsoft’s keys' : 'off' },
      { label: 'guest type', value: native.osTypes[request.architecture] },
      { label: 'storage', value: folder },
      { label: 'medium', value: request.installer.path },
    ],
  }
}

function makeMachine(request: MachineRequest, native: VirtualBoxNative): Operation {
  const { ref } = request
  return operation(
    'define',
    `make the machine ${ref.name} with processors, memory, firmware, network cards and serial port`,
    { kind: 'machine', name: ref.name },
    machineParameters(request, native),
    { undo: 'remove the machine and its folder', outputs: ['folder'] },
  )
}

function machineParameters(request: MachineRequest, native: VirtualBoxNative): MachineParameters {
  const { ref, spec, mark, architecture } = request
  const { machine } = spec
  return {
    kind: 'machine',
    name: ref.name,
    id: ref.id,
    group: groupOf(mark.runId),
    baseFolder: spec.storage.path,
    architecture,
    isPlatformNamed: isPlatformNamed(native.release),
    osType: native.osTypes[architecture],
    memoryBytes: machine.memory,
    cpus: machine.cpus,
    diskCount: machine.disks.length,
    tpm: machine.firmware.tpm,
    isNested: machine.nestedVirtualization,
    serialPath: native.serialPath.replace(idPlace, ref.id),
    cards: machine.networks.map(({ mode }, index): CardRule => ({
      mode,
      mac: request.macs[index] ?? '',
      link: linkOf(request, native, mode, index),
    })),
    forwards: forwardsOf(request),
  }
}

function linkOf(request: MachineRequest, native: VirtualBoxNative, mode: NetworkMode, index: number): CardLink {
  const { bridge, hostOnly } = optionsOf(request)
  switch (mode) {
    case 'nat':
      return { is: 'nat' }
    case 'bridged':
      return { is: 'bridged', interface: bridge ?? native.bridges[0] ?? 'eth0' }
    case 'host-only': {
      const name = hostOnly ?? native.hostOnly[0] ?? 'vboxnet0'
      return native.platform === 'darwin'
        ? { is: 'host-only-net', network: name }
        : { is: 'host-only', interface: name }
    }
    case 'isolated':
      return { is: 'internal', network: internalNetwork(request.mark.runId, index) }
  }
}

const sshPort = 22

/** What the spec forwards; and a port for the guest's SSH through the first card with NAT, unless the spec has one. */
function forwardsOf({ spec }: MachineRequest): readonly ForwardRule[] {
  const { networks } = spec.machine
  const asked = networks.flatMap(({ forward }, network) =>
    forward.map(({ host, guest }) => ({ network, hostPort: host === 'any' ? 0 : host, guestPort: guest })),
  )
  const first = networks.findIndex(({ mode }) => mode === 'nat')
  if (first < 0 || asked.some(({ network, guestPort }) => network === first && guestPort === sshPort)) return asked
  return [{ network: first, hostPort: 0, guestPort: sshPort }, ...asked]
}

function secureBoot({ ref }: MachineRequest): Operation {
  return operation(
    'secure-boot',
    'put Microsoft’s keys into the firmware’s store, and switch Secure Boot on',
    { kind: 'firmware', name: ref.name },
    { kind: 'secure-boot' },
    { undo: withMachine },
  )
}

function drives({ ref, spec }: MachineRequest): Operation {
  return operation(
    'drives',
    'put in a SATA controller with an optical drive for a seed',
    { kind: 'optical drive', name: ref.name },
    { kind: 'drives', diskCount: spec.machine.disks.length },
    { undo: withMachine },
  )
}

function start(request: MachineRequest): Operation {
  const started = startMachine(request)
  const ports = forwardsOf(request).map(({ guestPort }) => `port-${String(guestPort)}`)
  return { ...started, outputs: [...started.outputs, ...ports] }
}
