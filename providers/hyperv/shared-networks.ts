/** The switches that machines of azl-vm share on a host: one with NAT where there is no Default Switch, one host-only. */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { ReservedAddress } from '../../src/provider/machine.ts'
import type { Session } from './session.ts'

export const sharedNetworks = ['nat', 'host-only'] as const
export type SharedNetwork = (typeof sharedNetworks)[number]

/** The names of the switch and of its NAT network, '' where it has none. */
export const sharedNames: Readonly<Record<SharedNetwork, { readonly switch: string; readonly nat: string }>> = {
  nat: { switch: 'azl-vm-nat', nat: 'azl-vm-nat' },
  'host-only': { switch: 'azl-vm-host-only', nat: '' },
}

/** What the switch’s notes begin with; the range of its addresses follows. A switch without it is somebody else’s. */
export const sharedSentence =
  'Made by azl-vm for its machines and removed with the last of them; please leave it as it is. azl-vm:network:1 '

/** Of the ranges: beside those that routers, Docker, WSL and the Default Switch (172.16.0.0/12) usually take. */
export const sharedThirdBytes = { first: 220, last: 251 } as const

/** Tried in this order. */
export const sharedPrefixes: readonly string[] = Array.from(
  { length: sharedThirdBytes.last - sharedThirdBytes.first + 1 },
  (_, index) => `192.168.${String(sharedThirdBytes.first + index)}.0/24`,
)

export function sharedSwitchName(network: SharedNetwork): string {
  return sharedNames[network].switch
}

/** Whether a switch of the host is this one. */
export function isSharedSwitch(
  network: SharedNetwork,
  found: { readonly name: string; readonly notes: string },
): boolean {
  return found.name.toLowerCase() === sharedNames[network].switch && found.notes.startsWith(sharedSentence)
}

export interface JoinRequest {
  readonly network: SharedNetwork
  /** Of the machine's network cards on it, twelve upper-case digits. */
  readonly macs: readonly string[]
  /** Makes the network where it is missing. */
  readonly mayMake: boolean
}

const joinedSchema = z.object({
  switchId: z.string(),
  prefix: z.string(),
  gateway: z.string(),
  addresses: z.array(z.string()),
})

export type Joined = z.output<typeof joinedSchema>

/**
 * Makes a machine a user of the network, and gives each of its cards an address there, the same at each call. Nothing
 * hands them out: the guest has to be told.
 */
export async function joinNetwork(
  session: Session,
  vmId: string,
  { network, macs, mayMake }: JoinRequest,
  call: Call,
): Promise<Joined> {
  const { administrator } = (await session.hello(call)).rights
  const args = {
    id: vmId,
    macs,
    mayMake,
    ...sharedNames[network],
    sentence: sharedSentence,
    prefixes: sharedPrefixes.join(' '),
    // Changing the host's addresses is for administrators; without one its end of a host-only switch has IPv6 only.
    hasAddress: network === 'nat' || administrator,
  }
  const action = `join the network ${sharedNames[network].switch}`
  return await session.run('join-network', args, { action, schema: joinedSchema }, call)
}

/** One that {@link joinNetwork} reserved. */
export interface Lease extends ReservedAddress {
  /** Twelve upper-case digits. */
  readonly mac: string
}

/** Those of a machine's network cards. */
export async function leasesOf(session: Session, vmId: string, call: Call): Promise<readonly Lease[]> {
  const lease = z.object({ switch: z.string(), mac: z.string(), address: z.string(), first: z.string() })
  const asked = { action: 'read which addresses are reserved', schema: z.object({ leases: z.array(lease) }) }
  const { leases } = await session.run('get-leases', { id: vmId }, asked, call)
  return leases.map(({ switch: name, mac, address, first }) => ({
    mac,
    address,
    prefixLength: 24,
    ...(name === sharedNames.nat.switch && { gateway: first }),
  }))
}

export interface Left {
  readonly removed: readonly string[]
  /** Why a network that nobody uses stays, for people. */
  readonly kept: string | undefined
}

/** Takes a machine out of the network's users; `''` for a look at what is left over. Removed with its last user. */
export async function leaveNetwork(session: Session, vmId: string, network: SharedNetwork, call: Call): Promise<Left> {
  const schema = z.object({ removed: z.array(z.string()), kept: z.enum(['', 'used', 'rights', 'denied']) })
  const args = { id: vmId, ...sharedNames[network], sentence: sharedSentence }
  const action = `leave the network ${sharedNames[network].switch}`
  const { removed, kept } = await session.run('leave-network', args, { action, schema }, call)
  return { removed, kept: whyKept[kept] }
}

/** For people. `used` is no reason to speak of it. */
const whyKept = {
  '': undefined,
  used: undefined,
  rights: 'its NAT network can be removed from an elevated prompt only; `azl-vm gc` does it there',
  denied:
    'the list of its users, %ProgramData%\\azl-vm, may not be changed from here; `azl-vm gc` from an elevated prompt removes what nobody uses',
} as const
