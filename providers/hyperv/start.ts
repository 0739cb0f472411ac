import * as z from 'zod'
import { isAzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { untilConnected } from '../../src/recorder/served-port.ts'
import { com1Of, recorderOf } from './console.ts'
import { eventsOf } from './events.ts'
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
  const since = session.context.now()
  try {
    // One that goes on from its memory is in the middle of a boot.
    if (state === 'off') await line.noteStart()
    const { connections } = line.report
    await switchOn(session, watched, call)
    if (state !== 'paused') await untilConnected(line, connections, com1Of(session, watched), call)
    return result
  } catch (error) {
    if (!isAzlVmError(error) || call.signal.aborted) throw error
    const events = await eventsOf(session, watched, since, call).catch(() => [])
    throw error.extended({ evidence: events.map(({ text }) => text) })
  } finally {
    line.close()
  }
}

/** A guest may be off again before it is looked at: that it ran is enough. */
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
