import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { nothingToReset } from '../../src/provider/machine-errors.ts'
import type { LocalRecorders } from '../../src/recorder/recorders.ts'
import { recorderOf } from './console.ts'
import { settledState } from './machine-state.ts'
import { requireMachine } from './machines.ts'
import { resume } from './manage-calls.ts'
import type { Session } from './session.ts'

export async function resetMachine(
  session: Session,
  recorders: LocalRecorders,
  ref: MachineRef,
  call: Call,
): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  const state = await settledState(session, ref, call)
  if (state !== 'running' && state !== 'paused') throw nothingToReset(ref)
  const line = await recorderOf(recorders, machine, call)
  try {
    await line.noteStart()
    // VirtualBox resets no machine that is paused (ConsoleImpl.cpp, Console::reset).
    if (state === 'paused') await session.manage(resume(ref.id), { action: `let ${ref.name} run` }, call)
    await session.manage(['controlvm', ref.id, 'reset'], { action: `reset ${ref.name}` }, call)
  } finally {
    line.close()
  }
}
