/** What Hyper-V's own logs say of a machine: by its id, by provider and number, never by the translated text. */
import * as z from 'zod'
import type { Call, HostEvent } from '../../src/provider/contract.ts'
import table from './event-table.json' with { type: 'json' }
import type { Watched } from './machine-state.ts'
import type { Session } from './session.ts'

const schema = z.object({
  events: z.array(
    z.object({
      at: z.string(),
      provider: z.string(),
      id: z.number(),
      level: z.number(),
      record: z.number(),
      message: z.string(),
    }),
  ),
})

interface Row {
  readonly provider: string
  readonly id: number
  readonly why: NonNullable<HostEvent['refused']>
}

/** Oldest first. */
export async function eventsOf(
  session: Session,
  { name, vmId }: Watched,
  since: Date,
  call: Call,
): Promise<readonly HostEvent[]> {
  // The events have the host's time, and two computers' clocks may differ.
  const args = { id: vmId, since: (await session.hostTime(since, call)).toISOString() }
  const asked = { action: `read Hyper-V's events of ${name}`, schema }
  const { events } = await session.run('get-vm-events', args, asked, call)
  // The JSON module's type knows texts only.
  const rows = table.rows as readonly Row[]
  return events.map(({ at, provider, id, message }) => ({
    at,
    text: `${at} ${provider} ${String(id)}: ${message.replaceAll(/\s+/g, ' ').trim()}`,
    refused: rows.find((row) => row.provider === provider && row.id === id)?.why,
  }))
}
