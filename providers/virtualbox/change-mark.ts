import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { requireDescribed, requireOwn } from './machines.ts'
import { markKey, markText } from './mark-text.ts'
import type { Session } from './session.ts'

/** Writes a machine's mark anew, by what it is now, also while it runs. */
export async function changeMark(
  session: Session,
  ref: MachineRef,
  change: (mark: Mark) => Mark,
  call: Call,
): Promise<void> {
  const { mark } = requireOwn(await requireDescribed(session, ref, call), ref)
  const args = ['setextradata', ref.id, markKey, markText(change(mark))]
  await session.manage(args, { action: `mark ${ref.name}` }, call)
}
