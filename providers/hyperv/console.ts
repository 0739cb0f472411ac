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
