/** Which switch a network card's rule means on this host, now. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { SwitchRule } from './plan.ts'
import type { Session } from './session.ts'

/** Of every Windows client's Default Switch; its name is translated (canonical/multipass, kDefaultHyperVSwitchGUID). */
export const defaultSwitchId = 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444'

const listSchema = z.object({ switches: z.array(z.object({ id: z.string(), name: z.string() })) })

async function listSwitches(session: Session, call: Call): Promise<z.output<typeof listSchema>['switches']> {
  return (await session.run('list-switches', {}, { action: 'list the switches', schema: listSchema }, call)).switches
}

/** Hyper-V's id of the switch. Throws host-not-ready where there is none. */
export async function switchIdOf(session: Session, rule: SwitchRule, call: Call): Promise<string> {
  const switches = await listSwitches(session, call)
  const isMeant = ({ id, name }: { readonly id: string; readonly name: string }): boolean =>
    rule.is === 'default' ? id.toLowerCase() === defaultSwitchId : name === rule.name
  const found = switches.find(isMeant)
  if (found) return found.id
  throw rule.is === 'default'
    ? new AzlVmError('host-not-ready', `${session.choice.host} has no Default Switch, which nat needs`, {
        hint: 'Windows 11 makes it with Hyper-V; Windows Server has none.',
      })
    : new AzlVmError('backend-failed', `the switch ${rule.name} is gone`)
}

export async function hasSwitch(session: Session, name: string, call: Call): Promise<boolean> {
  return (await listSwitches(session, call)).some((each) => each.name === name)
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
