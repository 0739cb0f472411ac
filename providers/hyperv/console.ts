/** COM1 of a machine through its recorder: listening, typing, reading what was said. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ConsoleRequest, LogStart } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import type { RecorderLine } from '../../src/recorder/recorder-line.ts'
import { followRecorded } from '../../src/recorder/recorded-log.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { powerState } from './info.ts'
import { isOffState, stateOf, type Watched } from './machine-state.ts'
import { findBrief, requireBrief, type FoundMachine, type MachineBrief } from './machines.ts'
import { localPipe } from './pipe.ts'
import type { Session } from './session.ts'

/** A line to the machine's recorder, begun where none runs. */
export async function recorderOf(
  session: Session,
  recorders: Recorders,
  { ref, config }: FoundMachine<MachineBrief>,
  call: Call,
): Promise<RecorderLine> {
  const { separator } = await session.hello(call)
  // The recorder of another computer opens it there.
  const isRemote = session.choice.via !== undefined
  const path = isRemote ? config.com1 : localPipe(config.com1, separator, session.context.env, ref.name)
  return await recorders.ensure(ref.id, path, call)
}

export async function openConsole(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  request: ConsoleRequest,
  call: Call,
): Promise<RecorderConsole> {
  const machine = await requireBrief(session, ref, call)
  const line = await recorderOf(session, recorders, machine, call)
  const watched = { name: ref.name, vmId: machine.vmId }
  try {
    // A recorder that was begun just now may be a moment behind.
    if (!isOffState(powerState(machine.config.state))) await untilConnected(session, watched, line, 0, call)
    return await RecorderConsole.open({
      line,
      request,
      name: ref.name,
      isOff: async () => isOffState(await stateOf(session, watched, unattended(call))),
    })
  } catch (error) {
    line.close()
    throw error
  }
}

/** What is asked later, when the call that opened the console is long over. */
function unattended({ debug, warn, progress }: Call): Call {
  return { signal: new AbortController().signal, debug, warn, progress }
}

/** How long COM1 may be absent or busy with a machine that runs, milliseconds. */
const connectMs = 15_000

/** How often it is looked whether the machine still runs, milliseconds. */
const lookEveryMs = 500

/**
 * Until the recorder has been connected more often than `before`, or the machine is off. Denied is permission-denied at
 * once; what stays absent or busy is warned of: the machine runs all the same.
 */
export async function untilConnected(
  session: Session,
  watched: Watched,
  line: RecorderLine,
  before: number,
  call: Call,
): Promise<void> {
  for (let waitedMs = 0; line.report.connections <= before && !line.isEnded; waitedMs += lookEveryMs) {
    const { state } = line.report
    if (state === 'denied')
      throw new AzlVmError('permission-denied', `COM1 of "${watched.name}" may not be opened by this account`, {
        hint: 'Hyper-V lets administrators in: start azl-vm from an elevated prompt.',
      })
    if (waitedMs >= connectMs) {
      const why = state === 'busy' ? 'another program holds it' : 'Hyper-V does not serve it'
      call.warn('serial-port', `COM1 of "${watched.name}" is not heard: ${why}`)
      return
    }
    if (waitedMs > 0 && isOffState(await stateOf(session, watched, call))) return
    await line.nextReport(lookEveryMs, call.signal)
    if (call.signal.aborted)
      throw new AzlVmError('cancelled', `interrupted while connecting to COM1 of "${watched.name}"`)
  }
}

export async function* followLog(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  from: LogStart,
  call: Call,
): AsyncIterable<Uint8Array> {
  if (call.signal.aborted) throw new AzlVmError('cancelled', 'interrupted before the log was read')
  const machine = await findBrief(session, ref, call)
  const vmId = machine?.vmId
  yield* followRecorded({
    recorded: recorders.recorded(ref.id, call),
    from,
    find: () => recorders.find(ref.id, call),
    isOff: async () => vmId === undefined || isOffState(await stateOf(session, { name: ref.name, vmId }, call)),
    signal: call.signal,
  })
}
