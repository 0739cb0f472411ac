/** The serial port of a machine through its recorder: listening, typing, reading what was said. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ConsoleRequest, LogStart } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { followRecorded } from '../../src/recorder/recorded-log.ts'
import type { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import type { RecorderLine } from '../../src/recorder/recorder-line.ts'
import type { LocalRecorders } from '../../src/recorder/recorders.ts'
import { openServedPort, type ServedPort } from '../../src/recorder/served-port.ts'
import { powerState } from './info.ts'
import { isOffState, stateOf } from './machine-state.ts'
import { findMachine, requireMachine, unstartedMachine, type DescribedMachine } from './machines.ts'
import type { Session } from './session.ts'

/** A line to the machine's recorder, begun where none runs. */
export async function recorderOf(
  recorders: LocalRecorders,
  { ref, settings }: DescribedMachine,
  call: Call,
): Promise<RecorderLine> {
  const { serialPath } = settings.hardware
  if (serialPath !== undefined) return await recorders.ensure(ref.id, serialPath, call)
  throw new AzlVmError('not-supported', `the first serial port of "${ref.name}" is not served as a pipe`, {
    hint: 'azl-vm makes its machines with one; somebody changed it.',
  })
}

/** The same where the machine is on. */
export async function recorderIfOn(
  session: Session,
  recorders: LocalRecorders,
  ref: MachineRef,
  call: Call,
): Promise<RecorderLine | undefined> {
  const machine = await findMachine(session, ref, call)
  if (!machine || isOffState(powerState(machine.state))) return undefined
  return await recorderOf(recorders, machine, call)
}

export function portOf(session: Session, ref: MachineRef): ServedPort {
  return {
    name: ref.name,
    label: 'the serial port',
    hypervisor: 'VirtualBox',
    whenDenied: 'The machine runs under another account: use azl-vm as that one.',
    isOff: async (call) => isOffState(await stateOf(session, ref, call)),
  }
}

export async function openConsole(
  session: Session,
  recorders: LocalRecorders,
  ref: MachineRef,
  request: ConsoleRequest,
  call: Call,
): Promise<RecorderConsole> {
  const machine = (await unstartedMachine(session, ref, call)) ?? (await requireMachine(session, ref, call))
  const line = await recorderOf(recorders, machine, call)
  return await openServedPort(line, portOf(session, ref), !isOffState(powerState(machine.state)), request, call)
}

export async function* followLog(
  session: Session,
  recorders: LocalRecorders,
  ref: MachineRef,
  from: LogStart,
  call: Call,
): AsyncIterable<Uint8Array> {
  if (call.signal.aborted) throw new AzlVmError('cancelled', 'interrupted before the log was read')
  const isThere = (await findMachine(session, ref, call)) !== undefined
  yield* followRecorded({
    recorded: recorders.recorded(ref.id),
    from,
    find: () => recorders.find(ref.id),
    isOff: async () => !isThere || isOffState(await stateOf(session, ref, call)),
    signal: call.signal,
  })
}
