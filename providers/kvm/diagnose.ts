/** What a libvirt host makes impossible, each at the spec's key. */
import { guestCapabilities } from '../../src/provider/capabilities.ts'
import type { Facts } from '../../src/provider/contract.ts'
import { notSupported } from '../../src/provider/diagnostics.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { boards } from './boards.ts'
import { nativeOf, startNetworkCommand, type NetworkFact } from './facts.ts'
import { hasFirmware, installCommand } from './guest-facts.ts'
import { startBridgeCommand } from './host-checks.ts'
import { poolNameFor } from './names.ts'
import { linkFor } from './network-link.ts'
import { optionsOf } from './request-options.ts'

export function diagnose(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  return [
    ...machineDiagnostics(request, facts),
    ...networkDiagnostics(request, facts),
    ...storageDiagnostics(request, facts),
  ]
}

/** Another user's home on another computer is not known, so that its folder for images is not either. */
function storageDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { imageFolder, pools } = nativeOf(facts)
  const { path } = request.spec.storage
  if (path !== undefined || imageFolder !== '' || pools.some(({ name }) => name === poolNameFor(path))) return []
  return [
    {
      level: 'error',
      path: ['storage', 'path'],
      code: 'spec-invalid',
      message: `azl-vm cannot know where disks may lie at ${facts.host}, which is a user’s own libvirt on another computer`,
      hint: 'Name a folder of that user there: storage: { path: /home/USER/.local/share/libvirt/images }.',
    },
  ]
}

function machineDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const absent = architectureDiagnostics(request, facts)
  // What guests that it cannot run would get is nothing to say.
  if (absent.length > 0) return absent
  return [...firmwareDiagnostics(request, facts), ...processorDiagnostics(request, facts)]
}

function architectureDiagnostics({ architecture }: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const native = nativeOf(facts)
  const install = `Install what runs them: ${installCommand(architecture)}`
  if (!facts.capabilities.architectures.includes(architecture)) {
    const others = facts.capabilities.architectures.join(', ')
    return [
      {
        level: 'error',
        path: ['arch'],
        code: 'host-not-ready',
        message: `libvirt at ${facts.host} finds no QEMU for ${architecture} guests`,
        hint: others === '' ? `${install}.` : `${install}; or use arch: ${others}.`,
      },
    ]
  }
  if (hasFirmware(architecture, native.isFirmwareAutomatic[architecture] === true, native.descriptors)) return []
  return [
    {
      level: 'error',
      path: ['arch'],
      code: 'host-not-ready',
      message: `there is no UEFI firmware for ${architecture} guests at ${facts.host}`,
      hint: `${install}.`,
    },
  ]
}

function firmwareDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const { firmware } = request.spec.machine
  const guest = guestCapabilities(facts.capabilities, request.architecture)
  const found: PlanDiagnostic[] = []
  if (firmware.secureBoot === true && !guest.secureBoot) {
    const board = boards[request.architecture]
    found.push(
      notSupported(
        ['machine', 'firmware', 'secureBoot'],
        board.hasSmm
          ? 'the firmware of this host has no Secure Boot'
          : `libvirt offers no Secure Boot for ${request.architecture} guests: nothing keeps the guest from changing the firmware’s keys`,
        board.hasSmm
          ? `Install a firmware with it (Debian: ${board.packages.firmware}), or set secureBoot: false.`
          : 'Set secureBoot: false, or use arch: x86_64.',
      ),
    )
  }
  if (firmware.tpm && !guest.tpm) {
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
  const { architecture } = request
  const { cpus, acceleration, nestedVirtualization } = request.spec.machine
  const { advertisesKvm, hostArchitecture, maxCpus } = nativeOf(facts)
  const most = maxCpus[architecture]
  const isForeign = hostArchitecture !== '' && hostArchitecture !== architecture
  const found: PlanDiagnostic[] = []
  if (most !== undefined && cpus > most) {
    const { machine } = boards[architecture]
    const message = `QEMU’s machine ${machine} takes at most ${String(most)} processors here`
    found.push(notSupported(['machine', 'cpus'], message, `Set cpus: ${String(most)} or less.`))
  }
  if (nestedVirtualization && acceleration === 'emulated') {
    found.push(
      notSupported(
        ['machine', 'nestedVirtualization'],
        'an emulated machine cannot run virtual machines of its own',
        'Set nestedVirtualization: false, or acceleration: hardware.',
      ),
    )
  } else if (nestedVirtualization && boards[architecture].nestingFeatures.length === 0) {
    found.push(
      notSupported(
        ['machine', 'nestedVirtualization'],
        `${architecture} guests cannot run virtual machines of their own`,
        'Set nestedVirtualization: false.',
      ),
    )
  } else if (nestedVirtualization && !guestCapabilities(facts.capabilities, architecture).nestedVirtualization) {
    found.push({
      ...notSupported(
        ['machine', 'nestedVirtualization'],
        `libvirt offers no KVM at ${facts.host}, and an emulated machine cannot run virtual machines of its own`,
        'Set nestedVirtualization: false, or switch virtualization on in the computer’s firmware and load the kvm module.',
      ),
      code: 'host-not-ready',
    })
  }
  if (acceleration === 'hardware' && isForeign) {
    found.push(
      notSupported(
        ['machine', 'acceleration'],
        `the ${hostArchitecture} processor of ${facts.host} runs no ${architecture} guests: they are emulated`,
        `Use acceleration: auto or emulated, or arch: ${hostArchitecture}.`,
      ),
    )
  } else if (acceleration === 'hardware' && advertisesKvm[architecture] !== true) {
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
  const { network, bridge } = optionsOf(request)
  const links = networks.map((_, index) => linkFor(request, index))
  const isNetworkUsed = networks.some(({ mode }, index) => mode !== 'isolated' && links[index]?.network === network)
  const isBridgeUsed = links.some((link) => link.bridge !== undefined)
  const found = [
    ...networks.flatMap(({ mode }, index) => modeDiagnostics(request, facts, mode, index)),
    ...(network !== undefined && !isNetworkUsed
      ? [unused('network', 'no network card of mode nat, bridged or host-only is put on it')]
      : []),
    ...(bridge !== undefined && !isBridgeUsed ? [unused('bridge', 'there is no network card of mode bridged')] : []),
  ]
  // One fault at a time: what does not fit needs no look at the host.
  if (found.length > 0 || facts.isAssumed) return found
  return [
    ...(network === undefined ? [] : namedNetwork(network, facts)),
    ...(bridge === undefined ? [] : namedBridge(bridge, facts)),
  ]
}

function unused(key: string, why: string): PlanDiagnostic {
  return {
    level: 'error',
    path: ['kvm', key],
    code: 'spec-invalid',
    message: `kvm.${key} does nothing here: ${why}`,
    hint: `Remove kvm.${key}, or change the mode of a network card. A card of mode isolated has a switch of its own.`,
  }
}

function modeDiagnostics(
  request: MachineRequest,
  facts: Facts,
  mode: NetworkMode,
  index: number,
): readonly PlanDiagnostic[] {
  const path = ['machine', 'networks', index, 'mode']
  const native = nativeOf(facts)
  if (!facts.capabilities.networkModes.includes(mode)) {
    return [
      notSupported(
        path,
        native.isSession
          ? `mode ${mode} needs a network or bridge of the host, and the user’s own libvirt (${facts.host}) has none`
          : `${facts.host} has no network of mode ${mode}`,
        `It has ${facts.capabilities.networkModes.join(', ')}; the others need the system’s libvirt (\`host: qemu:///system\`).`,
      ),
    ]
  }
  const link = linkFor(request, index)
  if (mode === 'bridged' && link.bridge === undefined && link.network === undefined) {
    const bridges = native.bridges?.map(({ name }) => name) ?? []
    const known = bridges.length === 0 ? '`ip link show type bridge` lists them' : `the host has ${bridges.join(', ')}`
    return [
      notSupported(
        path,
        'mode bridged needs a bridge of the host',
        `Name one with \`kvm: { bridge: NAME }\` (${known}), or a libvirt network that bridges with \`kvm: { network: NAME }\`.`,
      ),
    ]
  }
  const { network } = optionsOf(request)
  if (mode === 'isolated' || network === undefined || link.network !== network) return []
  const hasForward = (request.spec.machine.networks[index]?.forward.length ?? 0) > 0
  const fact = native.networks.find((candidate) => candidate.name === network)
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
  const { networks, isSession } = nativeOf(facts)
  const found = networks.find((network) => network.name === name)
  const path = ['kvm', 'network']
  if (isSession) {
    return [
      notSupported(
        path,
        `the user’s own libvirt (${facts.host}) has no networks`,
        'Leave kvm.network out for QEMU’s own nat, or use the system’s libvirt (`host: qemu:///system`).',
      ),
    ]
  }
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

/** Only a bridge of this computer can be looked at; of another's, the start says whether it is there. */
function namedBridge(name: string, facts: Facts): readonly PlanDiagnostic[] {
  const { bridges, networks } = nativeOf(facts)
  const path = ['kvm', 'bridge']
  const owner = networks.find((network) => network.bridge === name)
  if (owner && !fits('bridged', owner)) {
    return [
      notSupported(
        path,
        `the bridge "${name}" belongs to the libvirt network "${owner.name}", which is not of mode bridged`,
        `It ${describe(owner)}. Use that mode with \`kvm: { network: ${owner.name} }\`, or a bridge of the host's own.`,
      ),
    ]
  }
  const found = bridges?.find((bridge) => bridge.name === name)
  if (!bridges || found?.isUp) return []
  const known = bridges.length === 0 ? 'It has none' : `It has ${bridges.map((bridge) => bridge.name).join(', ')}`
  return [
    {
      level: 'error',
      path,
      code: 'host-not-ready',
      message: found ? `the bridge "${name}" is not up` : `there is no bridge "${name}" on this host`,
      hint: found
        ? `Switch it on: ${startBridgeCommand(name)}.`
        : `${known}. A network card of the host is put on a new one with the host's own network settings (Debian: bridge-utils-interfaces(5), Fedora: nmcli); azl-vm does not change them.`,
    },
  ]
}
