/** Where a guest may answer: what it told Hyper-V itself, else whom the host has heard from. */
import { isIPv4 } from 'node:net'
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { Endpoint } from '../../src/provider/machine.ts'
import type { Session } from './session.ts'

const sshPort = 22

const schema = z.object({
  cards: z.array(
    z.object({
      mac: z.string(),
      /** By the guest's KVP daemon, which many guests lack; of every kind. */
      told: z.array(z.string()),
      neighbours: z.array(z.object({ address: z.string(), state: z.string() })),
    }),
  ),
})

/** Undefined while nothing is known: the guest is off, has no card, or has said nothing yet. Never kept: it changes. */
export async function endpointOf(session: Session, vmId: string, call: Call): Promise<Endpoint | undefined> {
  const asked = { action: 'look for the guest’s address', schema }
  const { cards } = await session.run('find-addresses', { id: vmId }, asked, call)
  const told = cards.flatMap((card) => card.told)
  // Entries that never got an answer, or none any more, are no proof that somebody is there.
  const heard = cards.flatMap(({ neighbours }) =>
    neighbours.filter(({ state }) => !['Unreachable', 'Incomplete'].includes(state)).map(({ address }) => address),
  )
  const address = told.find(isUsable) ?? heard.find(isUsable)
  if (address === undefined) return undefined
  const { via } = session.choice
  return { address, port: sshPort, ...(via && { via }) }
}

/** A guest that got no address gives itself one of 169.254.0.0/16, where nobody reaches it. */
function isUsable(address: string): boolean {
  return isIPv4(address) && !address.startsWith('169.254.')
}
