import * as z from 'zod'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { untilConnected } from '../../src/recorder/served-port.ts'
import { com1Of, recorderOf } from './console.ts'
import { powerState } from './info.ts'
import { changeState, settledState, type Watched } from './machine-state.ts'
import { requireStartFacts } from './machines.ts'
import { adaptersInMark } from './network-cards.ts'
import { reconnectNetworkCards } from './networks.ts'
import type { Session } from './session.ts'

/** Hyper-V knows no other. */
const result: StartResult = { acceleration: 'hardware', outputs: { acceleration: 'hardware' } }

/** The recorder is there first, and connected before this resolves, or it is warned that it is not. */
export async function startMachine(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  call: Call,
): Promise<StartResult> {
  const machine = await requireStartFacts(session, ref, call)
  const watched = { name: ref.name, vmId: machine.vmId }
  const state = await settledState(session, watched, call, powerState(machine.config.state))
  if (state === 'running') return result
  if (state === 'off') await reconnectNetworkCards(session, machine, adaptersInMark(machine.mark), call)
  const line = await recorderOf(session, recorders, machine, call)
  try {
    // One that goes on from its memory is in the middle of a boot.
    if (state === 'off') await line.noteStart()
    const { connections } = line.report
    await switchOn(session, watched, call)
    if (state !== 'paused') await untilConnected(line, connections, com1Of(session, watched), call)
    return result
  } finally {
    line.close()
  }
}

/**
 * Where PowerShell ended in the middle, a machine that runs was started. One that is off by then may have run to its end,
 * or never: that is told as the failure, with Hyper-V's own events, which say which of the two it was.
 */
async function switchOn(session: Session, watched: Watched, call: Call): Promise<void> {
  const asked = { action: `start ${watched.name}`, schema: z.literal(true) }
  await changeState(
    session,
    watched,
    () => session.run('start-vm', { id: watched.vmId }, asked, call),
    (state) => state === 'running',
    call,
  )
}
