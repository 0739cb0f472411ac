/** What a libvirt host makes impossible, each at the spec's key. */
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { nativeOf, startNetworkCommand, type NetworkFact } from './facts.ts'
import { networkName } from './names.ts'
import { optionsOf } from './request-options.ts'

/** The libvirt network of a network card; undefined: QEMU's user-mode network. */
export function networkFor(request: MachineRequest, index: number): string | undefined {
  const mode = request.spec.machine.networks[index]?.mode
  return mode === 'isolated' ? networkName(request.mark.runId, index) : optionsOf(request).network
}

export function diagnose(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  return [...machineDiagnostics(request, facts), ...networkDiagnostics(request, facts)]
}

function machineDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { capabilities } = facts
  const found: PlanDiagnostic[] = []
  if (!capabilities.architectures.includes(request.architecture)) {
    found.push(
      notSupported(
        ['arch'],
        `${facts.host} runs no ${request.architecture} guests`,
        `It runs ${capabilities.architectures.join(', ')}.`,
      ),
    )
  }
  return [...found, ...firmwareDiagnostics(request, facts), ...processorDiagnostics(request, facts)]
}

function firmwareDiagnostics(request: MachineRequest, { capabilities }: Facts): readonly PlanDiagnostic[] {
  const { firmware } = request.spec.machine
  const found: PlanDiagnostic[] = []
  if (firmware.secureBoot === true && !capabilities.secureBoot) {
    found.push(
      notSupported(
        ['machine', 'firmware', 'secureBoot'],
        'the firmware of this host has no Secure Boot',
        'Install a firmware with it (Debian: ovmf), or set secureBoot: false.',
      ),
    )
  }
  if (firmware.tpm && !capabilities.tpm) {
    found.push({
      ...notSupported(
        ['machine', 'firmware', 'tpm'],
        'this host has no virtual TPM',
        'Install swtpm (`sudo apt-get install swtpm swtpm-tools`), or set tpm: false.',
      ),
      code: 'host-not-ready',
    })
  }
  return found
}

function processorDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { acceleration, nestedVirtualization } = request.spec.machine
  const found: PlanDiagnostic[] = []
  if (nestedVirtualization && acceleration === 'emulated') {
    found.push(
      notSupported(
        ['machine', 'nestedVirtualization'],
        'an emulated machine cannot run virtual machines of its own',
        'Set nestedVirtualization: false, or acceleration: hardware.',
      ),
    )
  } else if (nestedVirtualization && !facts.capabilities.nestedVirtualization) {
    found.push({
      ...notSupported(
        ['machine', 'nestedVirtualization'],
        `libvirt offers no KVM at ${facts.host}, and an emulated machine cannot run virtual machines of its own`,
        'Set nestedVirtualization: false, or switch virtualization on in the computer’s firmware and load the kvm module.',
      ),
      code: 'host-not-ready',
    })
  }
  if (acceleration === 'hardware' && nativeOf(facts).advertisesKvm[request.architecture] !== true) {
    found.push({
      ...notSupported(
        ['machine', 'acceleration'],
        `libvirt offers no KVM at ${facts.host}`,
        'Switch virtualization on in the computer’s firmware and load the kvm module, or use acceleration: auto.',
      ),
      code: 'host-not-ready',
    })
  }
  return found
}

function networkDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { networks } = request.spec.machine
  const found = networks.flatMap(({ mode }, index) => modeDiagnostics(request, facts, mode, index))
  const { network } = optionsOf(request)
  const isUsed = networks.some(({ mode }) => mode !== 'isolated')
  return network === undefined || !isUsed || facts.isAssumed ? found : [...found, ...namedNetwork(network, facts)]
}

function modeDiagnostics(
  request: MachineRequest,
  facts: Facts,
  mode: NetworkMode,
  index: number,
): readonly PlanDiagnostic[] {
  const path = ['machine', 'networks', index, 'mode']
  const { network } = optionsOf(request)
  if (!facts.capabilities.networkModes.includes(mode)) {
    return [
      notSupported(
        path,
        `${facts.host} has no network of mode ${mode}`,
        `It has ${facts.capabilities.networkModes.join(', ')}; the others need the system’s libvirt (qemu:///system).`,
      ),
    ]
  }
  if (network === undefined) {
    if (mode === 'nat' || mode === 'isolated') return []
    return [
      notSupported(
        path,
        `mode ${mode} needs a libvirt network that does it`,
        'Name one with `kvm: { network: NAME }`; `virsh net-list --all` lists them.',
      ),
    ]
  }
  if (mode === 'isolated') return []
  const hasForward = (request.spec.machine.networks[index]?.forward.length ?? 0) > 0
  const fact = nativeOf(facts).networks.find((candidate) => candidate.name === network)
  const isFit = fact === undefined || fits(mode, fact)
  return [
    ...(hasForward
      ? [
          notSupported(
            ['machine', 'networks', index, 'forward'],
            `ports cannot be forwarded through the libvirt network "${network}"`,
            'The host reaches the guest at its own address there; or leave kvm.network out.',
          ),
        ]
      : []),
    ...(isFit
      ? []
      : [notSupported(path, `the libvirt network "${network}" is not of mode ${mode}`, `It ${describe(fact)}.`)]),
  ]
}

/** Whether a libvirt network has the effect that a mode promises. */
function fits(mode: NetworkMode, network: NetworkFact): boolean {
  switch (mode) {
    case 'nat':
      return network.forward === 'nat'
    case 'bridged':
      return network.forward !== undefined && network.forward !== 'nat'
    case 'host-only':
      return network.forward === undefined && network.hasHostAddress
    case 'isolated':
      return network.forward === undefined && !network.hasHostAddress
  }
}

function describe(network: NetworkFact): string {
  if (network.forward !== undefined) return `forwards by ${network.forward}`
  return network.hasHostAddress ? 'is host-only' : 'leads nowhere'
}

function namedNetwork(name: string, facts: Facts): readonly PlanDiagnostic[] {
  const { networks } = nativeOf(facts)
  const found = networks.find((network) => network.name === name)
  const path = ['kvm', 'network']
  if (!found) {
    const known = networks.map((network) => network.name)
    return [
      {
        level: 'error',
        path,
        code: 'host-not-ready',
        message: `there is no libvirt network "${name}" at ${facts.host}`,
        hint:
          known.length === 0 ? 'It has none. Leave kvm.network out for QEMU’s own nat.' : `It has ${known.join(', ')}.`,
      },
    ]
  }
  if (found.isActive) return []
  return [
    {
      level: 'error',
      path,
      code: 'host-not-ready',
      message: `the libvirt network "${name}" is not active`,
      hint: `Start it: ${startNetworkCommand(facts.host, name)}.`,
    },
  ]
}

function notSupported(path: PlanDiagnostic['path'], message: string, hint: string): PlanDiagnostic {
  return { level: 'error', path, code: 'not-supported', message, hint }
}
