/** What a host's networks are: its switches, and what decides about NAT where it has no Default Switch. */
import * as z from 'zod'
import type { Call, Facts } from '../../src/provider/contract.ts'
import type { Session } from './session.ts'
import { isSharedSwitch, sharedPrefixes } from './shared-networks.ts'

/** The same on every Windows, while the name is translated. Source: canonical/multipass kDefaultHyperVSwitchGUID. */
export const defaultSwitchId = 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444'

export const switchSchema = z.object({
  id: z.string(),
  name: z.string(),
  type: z.enum(['Private', 'Internal', 'External']),
  notes: z.string(),
})

const natSchema = z.object({ name: z.string(), prefix: z.string() })

const answerSchema = z.object({
  switches: z.array(switchSchema),
  nats: z.array(natSchema),
  hns: z.array(z.object({ name: z.string(), type: z.string(), prefixes: z.array(z.string()) })),
  freePrefix: z.string(),
})

export type SwitchFact = z.output<typeof switchSchema>

export interface NetworkFacts {
  readonly switches: readonly SwitchFact[]
  readonly hasDefaultSwitch: boolean
  /** The network with NAT that machines of azl-vm share is there. */
  readonly hasSharedNat: boolean
  /** NAT networks of others; not looked for where there is a Default Switch. */
  readonly foreignNats: readonly z.output<typeof natSchema>[]
  /** Networks of the Host Networking Service, which Get-NetNat does not show. */
  readonly hns: readonly { readonly name: string; readonly type: string; readonly prefixes: readonly string[] }[]
  /** For a network with NAT of ours; '' where every one is taken. */
  readonly freePrefix: string
  /** May change the host's addresses and NAT. */
  readonly isAdministrator: boolean
}

export const noNetworks: NetworkFacts = {
  switches: [],
  hasDefaultSwitch: false,
  hasSharedNat: false,
  foreignNats: [],
  hns: [],
  freePrefix: '',
  isAdministrator: false,
}

export async function readNetworks(session: Session, call: Call): Promise<NetworkFacts> {
  const { rights } = await session.hello(call)
  const args = { defaultSwitch: defaultSwitchId, prefixes: sharedPrefixes.join(' ') }
  const asked = { action: 'look at the host’s networks', schema: answerSchema }
  const { switches, nats, hns, freePrefix } = await session.run('get-networks', args, asked, call)
  const shared = switches.find((each) => isSharedSwitch('nat', each))
  return {
    switches,
    hasDefaultSwitch: switches.some(isDefaultSwitch),
    hasSharedNat: shared !== undefined,
    foreignNats: nats.filter(({ prefix }) => shared?.notes.endsWith(` ${prefix}`) !== true),
    hns,
    freePrefix,
    isAdministrator: rights.administrator,
  }
}

export function isDefaultSwitch({ id }: Pick<SwitchFact, 'id'>): boolean {
  return id.toLowerCase() === defaultSwitchId
}

/** The facts' part that {@link readNetworks} gave; facts that nobody read have none. */
export function networksOf(facts: Facts): NetworkFacts {
  return (facts.native['networks'] as NetworkFacts | undefined) ?? noNetworks
}
