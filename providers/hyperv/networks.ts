/** Plugging a machine's network cards in, and taking away what they were on. */
import * as z from 'zod'
import type { Call, Kept } from '../../src/provider/contract.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import type { FoundMachine, StartFacts } from './machines.ts'
import { macsOn, plainMac, sharedNetworksOf, type AdapterRule } from './network-cards.ts'
import type { Session } from './session.ts'
import { joinNetwork, leaveNetwork, sharedNetworks, sharedSwitchName, type JoinRequest } from './shared-networks.ts'
import { ensurePrivateSwitch, listSwitches, switchIdOf } from './switches.ts'

/** The outputs: the network's range, and the address that is reserved for each card, `address-<hardware address>`. */
export async function makeSharedNetwork(
  session: Session,
  vmId: string,
  request: JoinRequest,
  call: Call,
): Promise<Outputs> {
  const { prefix, gateway, addresses } = await joinNetwork(session, vmId, request, call)
  return {
    prefix,
    gateway,
    ...Object.fromEntries(request.macs.map((mac, index) => [`address-${mac}`, addresses[index] ?? ''])),
  }
}

/** The machine's network cards in their order, each in the switch that its rule means now. */
export async function setNetworkCards(
  session: Session,
  vmId: string,
  rules: readonly AdapterRule[],
  call: Call,
): Promise<void> {
  const switches = rules.length === 0 ? [] : await listSwitches(session, call)
  const adapters = rules.map(({ mac, on, vlan, isSpoofing }) => ({
    mac: plainMac(mac),
    switchId: switchIdOf(switches, on),
    vlan,
    spoofing: isSpoofing,
  }))
  const asked = { action: 'set the network cards', schema: z.literal(true) }
  await session.run('set-network-adapters', { id: vmId, adapters }, asked, call)
}

/**
 * Before each start: a switch may have been made anew since, and then a card is in none. What is missing of ours is made
 * again where that needs nobody's leave.
 */
export async function reconnectNetworkCards(
  session: Session,
  { vmId, config: { cards, switches } }: Pick<FoundMachine<StartFacts>, 'vmId' | 'config'>,
  rules: readonly AdapterRule[],
  call: Call,
): Promise<void> {
  const isMade = await ensureNetworks(session, vmId, rules, call)
  const there = isMade ? await listSwitches(session, call) : switches
  const adapters = rules
    .map(({ mac, on }) => ({ mac: plainMac(mac), switchId: switchIdOf(there, on) }))
    .filter(({ mac, switchId }) => cards.some((card) => card.mac === mac && card.switchId !== switchId))
  if (adapters.length === 0) return
  const asked = { action: 'connect the network cards', schema: z.literal(true) }
  await session.run('connect-network-adapters', { id: vmId, adapters }, asked, call)
}

/** Plugs the cards of a new machine in as the rules of another machine say. */
export async function plugInLike(
  session: Session,
  vmId: string,
  rules: readonly AdapterRule[],
  call: Call,
): Promise<void> {
  await ensureNetworks(session, vmId, rules, call)
  await setNetworkCards(session, vmId, rules, call)
}

/** True where it saw to one: what switches there are may have changed. */
async function ensureNetworks(
  session: Session,
  vmId: string,
  rules: readonly AdapterRule[],
  call: Call,
): Promise<boolean> {
  const own = rules.flatMap(({ on }) => (on.is === 'private' ? [on.name] : []))
  for (const name of own) await ensurePrivateSwitch(session, name, call)
  const shared = sharedNetworksOf(rules)
  for (const network of shared)
    await joinNetwork(session, vmId, { network, macs: macsOn(rules, network), mayMake: network === 'host-only' }, call)
  return own.length + shared.length > 0
}

/** Takes a machine out of the networks that it may share; what goes with it, and what had to stay. */
export async function leaveNetworks(
  session: Session,
  vmId: string,
  call: Call,
): Promise<{ readonly removed: readonly string[]; readonly kept: readonly Kept[] }> {
  const left = []
  for (const network of sharedNetworks) left.push({ network, ...(await leaveNetwork(session, vmId, network, call)) })
  return {
    removed: left.flatMap(({ removed }) => removed),
    kept: left.flatMap(({ network, kept }) =>
      kept === undefined ? [] : [{ what: `switch ${sharedSwitchName(network)}`, why: kept, isOurs: false }],
    ),
  }
}

/** Removes shared networks of ours that no machine uses any more. */
export async function removeUnusedNetworks(session: Session, call: Call): Promise<readonly string[]> {
  return (await leaveNetworks(session, '', call)).removed
}
