/** COM1 of a machine through its recorder: listening, typing, reading what was said. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ConsoleRequest, LogStart } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import type { RecorderLine } from '../../src/recorder/recorder-line.ts'
import { followRecorded } from '../../src/recorder/recorded-log.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { openServedPort, type ServedPort } from '../../src/recorder/served-port.ts'
import { powerState } from './info.ts'
import { isOffState, stateOf, type Watched } from './machine-state.ts'
import { findBrief, requireBrief, type FoundMachine, type MachineBrief } from './machines.ts'
import { pipePath } from './names.ts'
import { localPipe } from './pipe.ts'
import type { Session } from './session.ts'

/** A line to the machine's recorder, begun where none runs. */
export async function recorderOf(
  session: Session,
  recorders: Recorders,
  { ref, config }: FoundMachine<MachineBrief>,
  call: Call,
): Promise<RecorderLine> {
  return await recorders.ensure(ref.id, await portPath(session, ref, config.com1, call), call)
}

/** The same where the machine is on. */
export async function recorderIfOn(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  call: Call,
): Promise<RecorderLine | undefined> {
  const machine = await findBrief(session, ref, call)
  if (!machine || isOffState(powerState(machine.config.state))) return undefined
  return await recorderOf(session, recorders, machine, call)
}

/** Beside the making of a machine: its port's place is known once Hyper-V's id is. */
export async function prepareRecorder(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  vmId: string,
  call: Call,
): Promise<void> {
  recorders.prepare(ref.id, await portPath(session, ref, pipePath(vmId), call), call)
}

/** Where the recorder opens COM1; that of another computer opens it there. */
async function portPath(session: Session, { name }: MachineRef, com1: string, call: Call): Promise<string> {
  if (session.choice.via !== undefined) return com1
  const { separator } = await session.hello(call)
  return localPipe(com1, separator, session.context.env, name)
}

export async function openConsole(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  request: ConsoleRequest,
  call: Call,
): Promise<RecorderConsole> {
  const prepared = await recorders.takePrepared(ref.id)
  const madeHere = session.vmIds.get(ref.id)
  if (prepared && madeHere !== undefined)
    // Nobody started it since, or the recorder would be taken: it is off, and where its port is was known.
    return await openServedPort(prepared, com1Of(session, { name: ref.name, vmId: madeHere }), false, request, call)
  const machine = await requireBrief(session, ref, call)
  const line = await recorderOf(session, recorders, machine, call)
  const isOn = !isOffState(powerState(machine.config.state))
  return await openServedPort(line, com1Of(session, { name: ref.name, vmId: machine.vmId }), isOn, request, call)
}

export function com1Of(session: Session, watched: Watched): ServedPort {
  return {
    name: watched.name,
    label: 'COM1',
    hypervisor: 'Hyper-V',
    whenDenied: 'Hyper-V lets administrators in: start azl-vm from an elevated prompt.',
    isOff: async (call) => isOffState(await stateOf(session, watched, call)),
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
