/** What each network card of a spec is plugged into, as a rule: which switch that is, is found anew at each start. */
import * as z from 'zod'
import type { Facts } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import { switchName } from './names.ts'
import { networksOf } from './network-facts.ts'
import { optionsOf } from './request-options.ts'
import { sharedNetworks, type SharedNetwork } from './shared-networks.ts'

const switchRuleSchema = z.discriminatedUnion('is', [
  /** Windows' own switch with NAT, DHCP and DNS; clients have it. */
  z.object({ is: z.literal('default') }),
  z.object({ is: z.literal('shared'), network: z.enum(sharedNetworks) }),
  /** The machine's own, which leads nowhere. */
  z.object({ is: z.literal('private'), name: z.string() }),
  z.object({ is: z.literal('named'), name: z.string() }),
  /** The host's one switch that leads to a network outside. */
  z.object({ is: z.literal('external') }),
])

const ruleSchema = z.object({
  mode: z.enum(['nat', 'bridged', 'host-only', 'isolated']),
  /** Lower case with colons. */
  mac: z.string(),
  on: switchRuleSchema,
  /** 0: untagged. */
  vlan: z.number(),
  /** The guest may use other addresses than its card's, as its own guests need. */
  isSpoofing: z.boolean(),
})

export type SwitchRule = z.output<typeof switchRuleSchema>
export type AdapterRule = z.output<typeof ruleSchema>

export function adaptersOf(request: MachineRequest, facts: Facts): readonly AdapterRule[] {
  const { vlan = 0 } = optionsOf(request)
  const { networks, nestedVirtualization } = request.spec.machine
  return networks.map(({ mode }, index) => {
    const on = ruleOf(request, facts, mode, index)
    return {
      mode,
      mac: request.macs[index] ?? '',
      on,
      vlan: on.is === 'named' || on.is === 'external' ? vlan : 0,
      isSpoofing: nestedVirtualization,
    }
  })
}

function ruleOf(request: MachineRequest, facts: Facts, mode: NetworkMode, index: number): SwitchRule {
  const { switch: name } = optionsOf(request)
  if (mode === 'isolated') return { is: 'private', name: switchName(request.mark.runId, index) }
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

/** The rules that the machine was made with; none where the mark is of somebody else's making. */
export function adaptersInMark(mark: Mark | undefined): readonly AdapterRule[] {
  const rules = z.array(ruleSchema).safeParse(mark?.provider['adapters'])
  return rules.success ? rules.data : []
}

/** On the same networks; a switch of the machine's own becomes one of the run that is given. */
export function adaptersLike(
  rules: readonly AdapterRule[],
  macs: readonly string[],
  runId: string,
): readonly AdapterRule[] {
  return rules.map((rule, index) => ({
    ...rule,
    mac: macs[index] ?? '',
    on: rule.on.is === 'private' ? { is: 'private', name: switchName(runId, index) } : rule.on,
  }))
}

/** The shared networks that a machine's cards are on. */
export function sharedNetworksOf(adapters: readonly AdapterRule[]): readonly SharedNetwork[] {
  return [...new Set(adapters.flatMap(({ on }) => (on.is === 'shared' ? [on.network] : [])))]
}

/** Hardware addresses, as Hyper-V has them, of the cards on a shared network. */
export function macsOn(
  adapters: readonly Pick<AdapterRule, 'mac' | 'on'>[],
  network: SharedNetwork,
): readonly string[] {
  return adapters.flatMap(({ on, mac }) => (on.is === 'shared' && on.network === network ? [plainMac(mac)] : []))
}

/** `00:15:5d:01:02:03` as Hyper-V has it. */
export function plainMac(mac: string): string {
  return mac.replaceAll(':', '').toUpperCase()
}
