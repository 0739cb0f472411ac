import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { requireBrief } from './machines.ts'
import { isMarkOf, notesWithMark } from './mark-notes.ts'
import type { Session } from './session.ts'

/** Writes a machine's mark anew, by what it is now; the other lines of its Notes stay. */
export async function changeMark(
  session: Session,
  ref: MachineRef,
  change: (mark: Mark) => Mark,
  call: Call,
): Promise<void> {
  const { mark, vmId, config } = await requireBrief(session, ref, call)
  if (!mark || !isMarkOf(mark, vmId)) throw notOwned(ref)
  const notes = notesWithMark(config.notes, change(mark), vmId)
  await session.run('set-notes', { id: vmId, notes }, { action: `mark ${ref.name}`, schema: z.literal(true) }, call)
}
