/** Which switch a network card's rule means on this host, now. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { SwitchRule } from './network-cards.ts'
import { isDefaultSwitch, switchSchema, type SwitchFact } from './network-facts.ts'
import type { Session } from './session.ts'
import { isSharedSwitch, sharedSwitchName, type SharedNetwork } from './shared-networks.ts'

const listSchema = z.object({ switches: z.array(switchSchema) })

export async function listSwitches(session: Session, call: Call): Promise<readonly SwitchFact[]> {
  return (await session.run('list-switches', {}, { action: 'list the switches', schema: listSchema }, call)).switches
}

/** Hyper-V's id of the switch that a rule means. Throws host-not-ready where there is none, or where it is not the only one. */
export function switchIdOf(switches: readonly SwitchFact[], rule: SwitchRule): string {
  const [found, second] = switches.filter((each) => isMeant(each, rule))
  if (found === undefined)
    throw new AzlVmError('host-not-ready', `${wordsFor(rule)} is not there`, { hint: hintFor(rule) })
  if (second === undefined || rule.is === 'private') return found.id
  throw new AzlVmError('host-not-ready', `the host has several of ${wordsFor(rule)}: ${found.name}, ${second.name}`, {
    hint: 'Say which one: `hyperv: { switch: NAME }`.',
  })
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
      return 'the switch that leads outside'
    case 'private':
    case 'named':
      return `the switch ${rule.name}`
  }
}

function hintFor(rule: SwitchRule): string {
  return rule.is === 'default'
    ? 'Windows makes it when it starts: restart the service hns, or the computer; `azl-vm doctor` says more.'
    : 'It was there when the machine was planned. `Get-VMSwitch` lists what there is; `azl-vm doctor` says more.'
}

export async function hasSwitch(session: Session, name: string, call: Call): Promise<boolean> {
  return (await listSwitches(session, call)).some((each) => each.name === name)
}

export async function hasSharedSwitch(session: Session, network: SharedNetwork, call: Call): Promise<boolean> {
  return (await listSwitches(session, call)).some((each) => isSharedSwitch(network, each))
}

/** Names of all switches. */
export async function switchNames(session: Session, call: Call): Promise<readonly string[]> {
  return (await listSwitches(session, call)).map(({ name }) => name)
}

export async function ensurePrivateSwitch(session: Session, name: string, call: Call): Promise<void> {
  const notes = 'Made by azl-vm for one machine; it goes with it.'
  const asked = { action: `make the switch ${name}`, schema: z.object({ id: z.string() }) }
  await session.run('new-private-switch', { name, notes }, asked, call)
}

/** False where there was none. */
export async function removeSwitch(session: Session, name: string, call: Call): Promise<boolean> {
  const asked = { action: `remove the switch ${name}`, schema: z.boolean() }
  return await session.run('remove-switch', { name }, asked, call)
}
