/** What a host's networks make impossible or doubtful, each at the spec's key. */
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { PlanDiagnostic } from '../../src/provider/plan.ts'
import { adaptersOf, type AdapterRule } from './network-cards.ts'
import { networksOf, type NetworkFacts, type SwitchFact } from './network-facts.ts'
import { optionsOf } from './request-options.ts'
import { natCommands } from './shared-network-script.ts'
import { sharedSwitchName } from './shared-networks.ts'

export function networkDiagnostics(request: MachineRequest, facts: Facts): readonly PlanDiagnostic[] {
  const cards = adaptersOf(request, facts)
  const found = [...modeDiagnostics(request, facts), ...forwardDiagnostics(request), ...unusedKeys(request, cards)]
  // One fault at a time: what does not fit needs no look at the host.
  if (found.length > 0 || facts.isAssumed) return found
  const networks = networksOf(facts)
  return cards.flatMap((card, index) => cardDiagnostics(request, networks, card, index))
}

function modeDiagnostics({ spec }: MachineRequest, { capabilities, host }: Facts): readonly PlanDiagnostic[] {
  return spec.machine.networks.flatMap(({ mode }, index) =>
    capabilities.networkModes.includes(mode)
      ? []
      : [
          {
            level: 'error' as const,
            path: ['machine', 'networks', index, 'mode'],
            code: 'not-supported' as const,
            message: `Hyper-V at ${host} has no ${mode} networks`,
            hint: `It has ${capabilities.networkModes.join(', ')}.`,
          },
        ],
  )
}

/** What WinNAT could do, Add-NetNatStaticMapping, leads to an address that the guest must have. */
function forwardDiagnostics({ spec }: MachineRequest): readonly PlanDiagnostic[] {
  return spec.machine.networks.flatMap(({ forward }, index) =>
    forward.length === 0
      ? []
      : [
          {
            level: 'error' as const,
            path: ['machine', 'networks', index, 'forward'],
            code: 'not-supported' as const,
            message:
              'Hyper-V forwards no ports: the Default Switch has no port mappings, and those of Windows’ NAT lead to a fixed address, which no medium takes yet',
            hint: 'Remove forward: the host reaches the guest at its own address.',
          },
        ],
  )
}

function unusedKeys(request: MachineRequest, cards: readonly AdapterRule[]): readonly PlanDiagnostic[] {
  const { switch: name, vlan } = optionsOf(request)
  const isNamed = cards.some(({ on }) => on.is === 'named')
  const isTagged = cards.some((card) => card.vlan !== 0)
  return [
    ...(name !== undefined && !isNamed
      ? [unused('switch', 'no network card of mode nat, bridged or host-only is put on it')]
      : []),
    ...(vlan !== undefined && !isTagged
      ? [unused('vlan', 'no network card is on a switch that leads outside, or on hyperv.switch')]
      : []),
  ]
}

function unused(key: string, why: string): PlanDiagnostic {
  return {
    level: 'error',
    path: ['hyperv', key],
    code: 'spec-invalid',
    message: `hyperv.${key} does nothing here: ${why}`,
    hint: `Remove hyperv.${key}, or change the mode of a network card.`,
  }
}

function cardDiagnostics(
  request: MachineRequest,
  networks: NetworkFacts,
  { mode, on }: AdapterRule,
  index: number,
): readonly PlanDiagnostic[] {
  const path = ['machine', 'networks', index, 'mode']
  switch (on.is) {
    case 'named':
      return namedSwitch(networks, on.name, mode, path)
    case 'external':
      return externalSwitch(networks, path)
    case 'shared':
      return on.network === 'nat' ? sharedNat(request, networks, path) : hostOnly(networks, path)
    case 'default':
    case 'private':
      return []
  }
}

/** Which switches have the effect that a mode promises; whether an internal one leads outside, its owner knows. */
const fitting: Readonly<Record<NetworkMode, readonly SwitchFact['type'][]>> = {
  nat: ['Internal', 'External'],
  bridged: ['External'],
  'host-only': ['Internal'],
  isolated: ['Private'],
}

function namedSwitch(
  { switches }: NetworkFacts,
  name: string,
  mode: NetworkMode,
  path: PlanDiagnostic['path'],
): readonly PlanDiagnostic[] {
  const found = switches.filter((each) => each.name.toLowerCase() === name.toLowerCase())
  const [first, second] = found
  if (first === undefined) {
    const known = switches.map((each) => `${each.name} (${each.type})`)
    return [
      notReady(
        ['hyperv', 'switch'],
        `there is no switch "${name}" on this host`,
        known.length === 0 ? 'It has none. Leave hyperv.switch out.' : `It has ${known.join(', ')}.`,
      ),
    ]
  }
  if (second !== undefined)
    return [
      notReady(
        ['hyperv', 'switch'],
        `there are ${String(found.length)} switches "${name}" on this host`,
        'Rename one.',
      ),
    ]
  if (fitting[mode].includes(first.type)) return []
  return [
    {
      level: 'error',
      path,
      code: 'not-supported',
      message: `the switch "${name}" is ${first.type}, and mode ${mode} needs one that is ${fitting[mode].join(' or ')}`,
      hint: 'Name another one in hyperv.switch, or change the mode.',
    },
  ]
}

function externalSwitch({ switches }: NetworkFacts, path: PlanDiagnostic['path']): readonly PlanDiagnostic[] {
  const external = switches.filter(({ type }) => type === 'External').map(({ name }) => name)
  if (external.length === 1) return []
  if (external.length > 1)
    return [
      {
        level: 'error',
        path,
        code: 'not-supported',
        message: `this host has several switches that lead outside: ${external.join(', ')}`,
        hint: 'Say which one: `hyperv: { switch: NAME }`.',
      },
    ]
  return [
    notReady(
      path,
      'mode bridged needs a switch that leads outside, and this host has none',
      'Make one in an elevated PowerShell (it interrupts the host’s own network for a moment): `New-VMSwitch -Name External -NetAdapterName NAME`; `Get-NetAdapter -Physical` lists the names.',
    ),
  ]
}

function sharedNat(
  { isHostNetworkAllowed = false }: MachineRequest,
  networks: NetworkFacts,
  path: PlanDiagnostic['path'],
): readonly PlanDiagnostic[] {
  const name = sharedSwitchName('nat')
  if (networks.hasSharedNat) return [noAddress(path, name)]
  const others = 'or name a switch of the host in hyperv.switch, or use `networks: []`'
  if (networks.freePrefix === '')
    return [
      notReady(
        path,
        'every range of addresses that azl-vm tries for its NAT network is in use on this host',
        `Name a switch of the host in hyperv.switch, or use \`networks: []\`.`,
      ),
    ]
  if (!isHostNetworkAllowed)
    return [
      notReady(
        path,
        'this host has no Default Switch, and azl-vm changes no network of a host unasked',
        `Run it with --allow-host-network from an elevated prompt: it makes the switch ${name} with NAT for ${networks.freePrefix}, and removes both with their last machine. Or by hand: \`${natCommands(networks.freePrefix).join('; ')}\`; ${others}.`,
      ),
    ]
  if (!networks.isAdministrator)
    return [
      notReady(
        path,
        '--allow-host-network needs an elevated prompt: only administrators may make a NAT network',
        `Start azl-vm from an elevated prompt, or have an administrator run: \`${natCommands(networks.freePrefix).join('; ')}\`; ${others}.`,
      ),
    ]
  return [
    {
      level: 'warning',
      path,
      code: 'host-not-ready',
      message: `the host gets the switch ${name} with NAT for ${networks.freePrefix}; both go with their last machine`,
    },
    ...networks.foreignNats.map(({ name: nat, prefix }) => ({
      level: 'warning' as const,
      path,
      code: 'host-not-ready' as const,
      message: `the host has a NAT network already, "${nat}" (${prefix}), and Windows may refuse a second one; azl-vm does not touch it`,
      hint: 'If it refuses, name the switch of that network in hyperv.switch.',
    })),
    noAddress(path, name),
  ]
}

function hostOnly(
  { switches, isAdministrator }: NetworkFacts,
  path: PlanDiagnostic['path'],
): readonly PlanDiagnostic[] {
  const name = sharedSwitchName('host-only')
  const isThere = switches.some((each) => each.name === name)
  return [
    noAddress(path, name),
    ...(isThere || isAdministrator
      ? []
      : [
          {
            level: 'warning' as const,
            path,
            code: 'host-not-ready' as const,
            message: `the host’s end of ${name} gets no IPv4 address: only administrators may give it one; host and guest reach each other by IPv6 link-local addresses`,
            hint: 'Start azl-vm from an elevated prompt for both.',
          },
        ]),
  ]
}

/** Windows' NAT hands out no addresses, and no medium takes one that is chosen for it. */
function noAddress(path: PlanDiagnostic['path'], name: string): PlanDiagnostic {
  return {
    level: 'warning',
    path,
    code: 'host-not-ready',
    message: `the guest will have no IPv4 network by itself: nothing hands out addresses on ${name}, and this medium takes none that is chosen for it`,
    hint: 'azl-vm reserves an address for it, which `up` and `status` show; set that in the guest by hand, over the serial port.',
  }
}

function notReady(path: PlanDiagnostic['path'], message: string, hint: string): PlanDiagnostic {
  return { level: 'error', path, code: 'host-not-ready', message, hint }
}
