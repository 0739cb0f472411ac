import { rm } from 'node:fs/promises'
import { isAzlVmError, type AzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { untilConnected } from '../../src/recorder/served-port.ts'
import { recorderOf, serialPortOf } from './console.ts'
import { settleMedium } from './medium.ts'
import { stateOf } from './machine-state.ts'
import { changeNote, requireMachine, writeVmx, type FoundMachine } from './machines.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { readVmwareLog } from './vmware-log.ts'

/** VMware knows no other. */
const result: StartResult = { acceleration: 'hardware', outputs: { acceleration: 'hardware' } }

/** Milliseconds; a machine that goes on from its memory reads all of it first. */
const startTimeoutMs = 600_000

/** The recorder is there first, and connected before this resolves, or it is warned that it is not. */
export async function startMachine(
  session: Session,
  recorders: Recorders,
  ref: MachineRef,
  call: Call,
): Promise<StartResult> {
  const machine = await requireMachine(session, ref, call)
  const { state } = await stateOf(session, machine, call)
  if (state === 'running') return result
  if (state === 'off') await settleMedium(session, machine)
  const line = await recorderOf(recorders, machine, call)
  try {
    // One that goes on from its memory is in the middle of a boot.
    if (state === 'off') await line.noteStart()
    const { connections } = line.report
    await switchOn(session, machine, call)
    await untilConnected(line, connections, serialPortOf(session, ref), call)
    return result
  } finally {
    line.close()
  }
}

async function switchOn(session: Session, machine: FoundMachine, call: Call): Promise<void> {
  const since = session.context.now()
  const run = { action: `start ${machine.ref.name}`, timeoutMs: startTimeoutMs }
  try {
    await session.vmrun(['start', machine.file, 'nogui'], run, call)
  } catch (error) {
    if (!isAzlVmError(error) || call.signal.aborted) throw error
    if (machine.note.hasStarted !== true) await forgetFirstStart(session, machine, call)
    throw await explained(session, machine, error, since)
  }
  if (machine.note.hasStarted === true) return
  const now = await requireMachine(session, machine.ref, call)
  await changeNote(session, now, { hasStarted: true })
}

/** What vmrun says is little; the machine's own log has the reason. */
async function explained(
  session: Session,
  { folder }: FoundMachine,
  error: AzlVmError,
  since: Date,
): Promise<AzlVmError> {
  const findings = await readVmwareLog(session, folder, since)
  const fixes = [...new Set(findings.flatMap(({ fix }) => (fix === undefined ? [] : [fix])))]
  return error.extended({
    evidence: findings.map(({ text }) => text),
    ...(fixes.length === 0 ? {} : { hint: fixes.join('\n') }),
  })
}

/**
 * A first start that failed leaves slots which fit no better the next time, and firmware variables without the medium:
 * both go, so that the next start is a first one again.
 */
async function forgetFirstStart(session: Session, { ref, folder }: FoundMachine, call: Call): Promise<void> {
  const machine = await requireMachine(session, ref, call)
  await writeVmx(
    machine,
    machine.vmx.without((key) => key.endsWith('.pcislotnumber')),
  )
  const nvram = machine.vmx.get('nvram')
  if (nvram !== undefined) await rm(pathsOf(session.platform).resolve(folder, nvram), { force: true })
}
