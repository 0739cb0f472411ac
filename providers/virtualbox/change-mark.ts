import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { notOwned } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { isOwn, requireDescribed } from './machines.ts'
import { markKey, markText } from './mark-text.ts'
import type { Session } from './session.ts'

/** Writes a machine's mark anew, by what it is now, also while it runs. */
export async function changeMark(
  session: Session,
  ref: MachineRef,
  change: (mark: Mark) => Mark,
  call: Call,
): Promise<void> {
  const machine = await requireDescribed(session, ref, call)
  if (!isOwn(machine)) throw notOwned(ref)
  const args = ['setextradata', ref.id, markKey, markText(change(machine.mark))]
  await session.manage(args, { action: `mark ${ref.name}` }, call)
}
