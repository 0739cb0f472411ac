/**
 * A machine is started paused; it goes on when its serial port is listened to. That it is listened to tells that the machine
 * is there: it is looked at only where it does not go on then.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { PowerState, MachineRef } from '../../src/provider/machine.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import type { LocalRecorders } from '../../src/recorder/recorders.ts'
import type { RecorderLine } from '../../src/recorder/recorder-line.ts'
import { untilConnected } from '../../src/recorder/served-port.ts'
import { makeFolder } from '../../src/store/make-folder.ts'
import { portOf, recorderOf } from './console.ts'
import { failureOf } from './errors.ts'
import { currentForwards, outputsOf, settleForwards } from './forwards.ts'
import { powerState } from './info.ts'
import { settledMachine, untilMachine } from './machine-state.ts'
import { requireMachine, unstartedMachine, type DescribedMachine } from './machines.ts'
import { environmentFor } from './letters.ts'
import { resume, startPaused } from './manage-calls.ts'
import { startLog } from './names.ts'
import type { Asked, Session } from './session.ts'
import { errorLines, warnWhenSlow } from './vm-log.ts'

/** VirtualBox knows no other. */
const acceleration = 'hardware'

/** The recorder is there first, and connected before the guest's first instruction, or it is warned that it is not. */
export async function startMachine(
  session: Session,
  recorders: LocalRecorders,
  ref: MachineRef,
  call: Call,
): Promise<StartResult> {
  const machine =
    (await unstartedMachine(session, ref, call)) ??
    (await settledMachine(session, ref, call)) ??
    (await requireMachine(session, ref, call))
  const state = powerState(machine.state)
  if (state === 'running') return result(outputsOf(currentForwards(machine)))
  if (state === 'crashed') throw stands(ref)
  const line = await recorderOf(recorders, machine, call)
  try {
    if (state === 'paused') {
      await goOn(session, ref, call)
      return result(outputsOf(currentForwards(machine)))
    }
    // One that goes on from its memory is in the middle of a boot.
    if (state === 'off') await line.noteStart()
    const { connections } = line.report
    // The port of one that reads its memory back is served long before it can go on.
    const isSoon = (isOver: AbortSignal): Promise<boolean> =>
      state === 'off' ? isServedSoon(line, connections, isOver) : Promise.resolve(false)
    // The port of another machine's start is not looked for between our look and our start.
    const { outputs, isRunning } = await session.context.sharedLock('ports of VirtualBox', call, async () => {
      const settled = await settleForwards(session, machine, call)
      const begun = await session.unlessPassing(call, () => begin(session, machine, isSoon, call))
      return { outputs: settled, isRunning: begun }
    })
    if (!isRunning) {
      await untilConnected(line, connections, portOf(session, ref), call)
      await goOn(session, ref, call)
    }
    await warnWhenSlow(machine, call)
    return result(outputs)
  } finally {
    line.close()
  }
}

function result(outputs: Outputs): StartResult {
  return { acceleration, outputs: { ...outputs, acceleration } }
}

function stands(ref: MachineRef): AzlVmError {
  return new AzlVmError('resource-busy', `the machine "${ref.name}" met an error that it cannot go on from`, {
    hint: `\`azl-vm stop ${ref.name} --force\` switches it off; its VBox.log says what happened.`,
  })
}

/** Reading memory and disks of a large machine takes its time. Milliseconds. */
const startMs = 180_000

/** How VBoxHeadless ended; undefined for a signal, or where it did not even begin. */
type ExitCode = number | undefined

/** True where the machine runs by then; else it is paused. `isSoon`: whether its port is served before `isOver`, or soon. */
async function begin(
  session: Session,
  machine: DescribedMachine,
  isSoon: (isOver: AbortSignal) => Promise<boolean>,
  call: Call,
): Promise<boolean> {
  const { ref, folder } = machine
  const log = path.join(folder, startLog)
  let ended: { readonly exitCode: ExitCode } | undefined
  const isOver = new AbortController()
  await launch(session, machine, log, call, (exitCode) => {
    ended = { exitCode }
    isOver.abort()
  })
  const isServed = await isSoon(AbortSignal.any([call.signal, isOver.signal]))
  if (isServed && (await goesOn(session, ref, call))) return true
  const isThere = (state: PowerState): boolean => state === 'paused' || state === 'running' || ended !== undefined
  const found = await untilMachine(session, ref, isThere, { timeoutMs: startMs, what: 'start' }, call)
  if (!ended) return found !== undefined && powerState(found.state) === 'running'
  const said = await readFile(log, 'utf8').catch(() => '')
  const evidence = await errorLines({ folder })
  // The log has the symbol where the words before have none.
  const stderr = [withoutGreeting(said), ...evidence].join('\n')
  throw failureOf({ exitCode: ended.exitCode, stderr }, `start ${ref.name}`)
}

/**
 * VBoxHeadless is the machine's own process, which outlives this command. What it says goes into a file: a pipe would
 * end with us.
 */
async function launch(
  session: Session,
  { ref, settings }: DescribedMachine,
  log: string,
  call: Call,
  onEnd: (exitCode: ExitCode) => void,
): Promise<void> {
  if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted before "${ref.name}" was started`)
  const { serialPath } = settings.hardware
  if (serialPath !== undefined && session.context.platform !== 'win32') makeFolder(path.dirname(serialPath), 0o700)
  const { headless, folder: cwd } = await session.programs(call)
  session.noteChange()
  session.unstarted.delete(ref.id)
  const output = openSync(log, 'w', 0o600)
  try {
    const child = spawn(headless, startPaused(ref.id), {
      detached: true,
      stdio: ['ignore', output, output],
      windowsHide: true,
      env: environmentFor(session.context),
      cwd,
    })
    child.once('exit', (exitCode) => {
      onEnd(exitCode ?? undefined)
    })
    child.once('error', () => {
      onEnd(undefined)
    })
    child.unref()
    call.debug(`VBoxHeadless: start ${ref.name}`, { pid: child.pid })
  } finally {
    closeSync(output)
  }
}

/** For so long the port is waited for before the machine is looked at. Milliseconds. */
const servedMs = 3000

/** Whether the recorder is connected once more, as soon as there is news of the port, or none is to be hoped for. */
async function isServedSoon(line: RecorderLine, connections: number, isOver: AbortSignal): Promise<boolean> {
  const isServed = (): boolean => line.report.connections > connections
  if (!isServed()) await line.nextReport(servedMs, isOver)
  return isServed() && !isOver.aborted
}

/** The port is served a moment before the machine can go on: where this is refused, a look tells what is the matter. */
async function goesOn(session: Session, ref: MachineRef, call: Call): Promise<boolean> {
  return (await session.attempt(resume(ref.id), letRun(ref), call)).exitCode === 0
}

/** VBoxHeadless says its name and its makers first. */
function withoutGreeting(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => !/^(?:Oracle\b.*\bHeadless Interface|Copyright|\(C\) \d{4})/i.test(line)) // Oracle VirtualBox Headless Interface 7.2.22
    .join('\n')
}

async function goOn(session: Session, ref: MachineRef, call: Call): Promise<void> {
  await session.manage(resume(ref.id), letRun(ref), call)
}

function letRun({ name }: MachineRef): Asked {
  return { action: `let ${name} run` }
}
