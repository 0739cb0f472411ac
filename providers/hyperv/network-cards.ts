/** What each network card of a spec is plugged into, as a rule: which switch that is, is found anew at each start. */
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import { runName } from './names.ts'
import { networksOf } from './network-facts.ts'
import type { SharedNetwork } from './shared-networks.ts'

export type SwitchRule =
  /** Windows' own switch with NAT, DHCP and DNS; clients have it. */
  | { readonly is: 'default' }
  | { readonly is: 'shared'; readonly network: SharedNetwork }
  /** The machine's own. */
  | { readonly is: 'private'; readonly name: string }
  | { readonly is: 'named'; readonly name: string }
  /** The host's one switch that leads to a network outside. */
  | { readonly is: 'external' }

export interface NetworkCard {
  readonly mode: NetworkMode
  /** As Hyper-V writes it: twelve upper-case digits. */
  readonly mac: string
  readonly on: SwitchRule
  /** 0: untagged. */
  readonly vlan: number
  /** The guest may send from other addresses: machines inside it have their own. */
  readonly spoofing: boolean
}

/** What the spec’s key `hyperv` says of networks. */
export interface NetworkOptions {
  readonly switch?: string | undefined
  readonly vlan?: number | undefined
}

export function networkOptionsOf(request: MachineRequest): NetworkOptions {
  return request.options ?? {}
}

export function cardsOf(request: MachineRequest, facts: Facts): readonly NetworkCard[] {
  const { vlan = 0 } = networkOptionsOf(request)
  const { networks, nestedVirtualization } = request.spec.machine
  return networks.map(({ mode }, index) => {
    const on = ruleOf(request, facts, mode, index)
    return {
      mode,
      mac: plainMac(request.macs[index] ?? ''),
      on,
      vlan: on.is === 'named' || on.is === 'external' ? vlan : 0,
      spoofing: nestedVirtualization,
    }
  })
}

function ruleOf(request: MachineRequest, facts: Facts, mode: NetworkMode, index: number): SwitchRule {
  const { switch: name } = networkOptionsOf(request)
  if (mode === 'isolated') return { is: 'private', name: `${runName(request.mark.runId)}-${String(index)}` }
  if (name !== undefined) return { is: 'named', name }
  switch (mode) {
    case 'nat':
      return facts.isAssumed || networksOf(facts).hasDefaultSwitch
        ? { is: 'default' }
        : { is: 'shared', network: 'nat' }
    case 'host-only':
      return { is: 'shared', network: 'host-only' }
    case 'bridged':
      return { is: 'external' }
  }
}

/** `00:15:5d:01:02:03` as Hyper-V has it. */
export function plainMac(mac: string): string {
  return mac.replaceAll(':', '').toUpperCase()
}
