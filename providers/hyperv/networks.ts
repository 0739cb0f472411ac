/** Making, plugging in and taking away what a machine's network cards are on. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import type { NetworkCard, SwitchRule } from './network-cards.ts'
import { isDefaultSwitch, readNetworks, type SwitchFact } from './network-facts.ts'
import type { Session } from './session.ts'
import {
  isSharedSwitch,
  joinNetwork,
  leaveNetwork,
  sharedSwitchName,
  type JoinRequest,
  type Left,
} from './shared-networks.ts'

/** For whoever meets a machine's own switch in Hyper-V's manager. */
const privateNotes = 'Made by azl-vm for one machine, and removed with it.'

export async function makePrivateSwitch(session: Session, name: string, call: Call): Promise<void> {
  const asked = { action: `make the switch ${name}`, schema: z.object({ id: z.string() }) }
  await session.run('new-private-switch', { name, notes: privateNotes }, asked, call)
}

/** False where there is none. */
export async function removePrivateSwitch(session: Session, name: string, call: Call): Promise<boolean> {
  return await session.run(
    'remove-switch',
    { name },
    { action: `remove the switch ${name}`, schema: z.boolean() },
    call,
  )
}

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
  cards: readonly NetworkCard[],
  call: Call,
): Promise<void> {
  const switches = cards.length === 0 ? [] : (await readNetworks(session, call)).switches
  const adapters = cards.map(({ mac, on, vlan, spoofing }) => ({
    mac,
    switchId: requireSwitch(switches, on).id,
    vlan,
    spoofing,
  }))
  const asked = { action: 'set the network cards', schema: z.boolean() }
  await session.run('set-network-adapters', { id: vmId, adapters }, asked, call)
}

/**
 * Before each start: a switch may have been made anew since, and then a card hangs on none. What is missing is made
 * again where that needs nobody's leave.
 */
export async function reconnectNetworkCards(
  session: Session,
  vmId: string,
  cards: readonly Pick<NetworkCard, 'mac' | 'on'>[],
  call: Call,
): Promise<void> {
  if (cards.length === 0) return
  for (const { on, mac } of cards) {
    if (on.is === 'private') await makePrivateSwitch(session, on.name, call)
    if (on.is === 'shared')
      await joinNetwork(session, vmId, { network: on.network, macs: [mac], mayMake: on.network === 'host-only' }, call)
  }
  const { switches } = await readNetworks(session, call)
  const adapters = cards.map(({ mac, on }) => ({ mac, switchId: requireSwitch(switches, on).id }))
  const asked = { action: 'connect the network cards', schema: z.boolean() }
  await session.run('connect-network-adapters', { id: vmId, adapters }, asked, call)
}

function requireSwitch(switches: readonly SwitchFact[], rule: SwitchRule): SwitchFact {
  const found = switches.filter((each) => isMeant(each, rule))
  const [first] = found
  if (first !== undefined && (found.length === 1 || rule.is !== 'external')) return first
  throw new AzlVmError(
    'host-not-ready',
    first === undefined
      ? `${wordsFor(rule)} is not there`
      : `the host has several switches that lead outside: ${found.map(({ name }) => name).join(', ')}`,
    { hint: first === undefined ? hintFor(rule) : 'Say which one: `hyperv: { switch: NAME }`.' },
  )
}

function isMeant(found: SwitchFact, rule: SwitchRule): boolean {
  switch (rule.is) {
    case 'default':
      return isDefaultSwitch(found)
    case 'shared':
      return isSharedSwitch(rule.network, found)
    case 'external':
      return found.type === 'External'
    case 'private':
    case 'named':
      return found.name.toLowerCase() === rule.name.toLowerCase()
  }
}

function wordsFor(rule: SwitchRule): string {
  switch (rule.is) {
    case 'default':
      return 'the Default Switch'
    case 'shared':
      return `the switch ${sharedSwitchName(rule.network)}`
    case 'external':
      return 'a switch that leads outside'
    case 'private':
    case 'named':
      return `the switch ${rule.name}`
  }
}

function hintFor(rule: SwitchRule): string {
  return rule.is === 'default'
    ? 'Windows makes it at its start: restart the service hns or the computer; `azl-vm doctor` says more.'
    : 'It was there when the machine was planned. `Get-VMSwitch` lists what there is; `azl-vm doctor` says more.'
}

/** Takes a machine's own switches away, and the machine out of those that it shares. */
export async function releaseNetworks(
  session: Session,
  vmId: string,
  rules: readonly SwitchRule[],
  call: Call,
): Promise<Left> {
  const removed: string[] = []
  let kept: string | undefined
  for (const rule of rules) {
    if (rule.is === 'private' && (await removePrivateSwitch(session, rule.name, call)))
      removed.push(`switch ${rule.name}`)
    if (rule.is !== 'shared') continue
    const left = await leaveNetwork(session, vmId, rule.network, call)
    removed.push(...left.removed)
    kept ??= left.kept
  }
  return { removed, kept }
}

/** Removes shared networks of ours that no machine uses any more. */
export async function removeUnusedNetworks(session: Session, call: Call): Promise<readonly string[]> {
  const left: Left[] = []
  for (const network of ['nat', 'host-only'] as const) left.push(await leaveNetwork(session, undefined, network, call))
  return left.flatMap(({ removed }) => removed)
}
