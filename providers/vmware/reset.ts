import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { nothingToReset } from '../../src/provider/machine-errors.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { recorderOf } from './console.ts'
import { stateOf } from './machine-state.ts'
import { requireMachine } from './machines.ts'
import type { Session } from './session.ts'

export async function resetMachine(session: Session, recorders: Recorders, ref: MachineRef, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  if ((await stateOf(session, machine, call)).state !== 'running') throw nothingToReset(ref)
  const line = await recorderOf(recorders, machine, call)
  try {
    await line.noteStart()
    await session.vmrun(['reset', machine.file, 'hard'], { action: `reset ${ref.name}` }, call)
  } finally {
    line.close()
  }
}
