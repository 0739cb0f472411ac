/** The serial port of a machine through its recorder: listening, typing, reading what was said. */
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ConsoleRequest, LogStart } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import { followRecorded } from '../../src/recorder/recorded-log.ts'
import type { RecorderLine } from '../../src/recorder/recorder-line.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { openServedPort, type ServedPort } from '../../src/recorder/served-port.ts'
import { isOffState, stateById } from './machine-state.ts'
import { requireMachine, throwIfAborted, type FoundMachine } from './machines.ts'
import type { Session } from './session.ts'

/** A line to the machine's recorder, begun where none runs. */
export async function recorderOf(recorders: Recorders, { ref, vmx }: FoundMachine, call: Call): Promise<RecorderLine> {
  const path = vmx.get('serial0.fileType') === 'pipe' ? vmx.get('serial0.fileName') : undefined
  if (path !== undefined) return await recorders.ensure(ref.id, path, call)
  throw new AzlVmError('not-supported', `the serial port of "${ref.name}" is no pipe`, {
    hint: 'Somebody changed it in the .vmx: serial0.fileType = "pipe" makes it one again.',
  })
}

/** The same where the machine is on. */
export async function recorderIfOn(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  call: Call,
): Promise<RecorderLine | undefined> {
  if (isOffState(await stateById(session, ref, call))) return undefined
  return await recorderOf(recorders, await requireMachine(session, ref, call), call)
}

export async function openConsole(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  request: ConsoleRequest,
  call: Call,
): Promise<RecorderConsole> {
  const machine = await requireMachine(session, ref, call)
  const isOn = !isOffState(await stateById(session, ref, call))
  const line = await recorderOf(recorders, machine, call)
  return await openServedPort(line, serialPortOf(session, ref), isOn, request, call)
}

export function serialPortOf(session: Session, ref: MachineRef): ServedPort {
  return {
    name: ref.name,
    label: 'the serial port',
    hypervisor: 'VMware',
    whenDenied: 'VMware makes it for the user who started the machine: start it as yourself.',
    isOff: async (call) => isOffState(await stateById(session, ref, call)),
  }
}

export async function* followLog(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  from: LogStart,
  call: Call,
): AsyncIterable<Uint8Array> {
  throwIfAborted(call)
  yield* followRecorded({
    recorded: recorders.recorded(ref.id, call),
    from,
    find: () => recorders.find(ref.id, call),
    isOff: async () => isOffState(await stateById(session, ref, call)),
    signal: call.signal,
  })
}
