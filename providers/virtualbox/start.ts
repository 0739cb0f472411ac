/** A machine is started paused; it goes on when its serial port is listened to. */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { PowerState, MachineRef } from '../../src/provider/machine.ts'
import type { Outputs } from '../../src/provider/plan.ts'
import type { LocalRecorders } from '../../src/recorder/recorders.ts'
import { untilConnected } from '../../src/recorder/served-port.ts'
import { makeFolder } from '../../src/store/make-folder.ts'
import { portOf, recorderOf } from './console.ts'
import { failureOf } from './errors.ts'
import { currentForwards, outputsOf, settleForwards } from './forwards.ts'
import { powerState } from './info.ts'
import { settledMachine, untilMachine } from './machine-state.ts'
import { requireMachine, type FoundMachine } from './machines.ts'
import { environmentFor } from './letters.ts'
import { resume, startPaused } from './manage-calls.ts'
import { startLog } from './names.ts'
import type { Session } from './session.ts'
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
  const machine = (await settledMachine(session, ref, call)) ?? (await requireMachine(session, ref, call))
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
    // The port of another machine's start is not looked for between our look and our start.
    const outputs = await session.context.sharedLock('ports of VirtualBox', call, async () => {
      const settled = await settleForwards(session, machine, call)
      await session.unlessPassing(call, () => begin(session, machine, call))
      return settled
    })
    await untilConnected(line, connections, portOf(session, ref), call)
    await goOn(session, ref, call)
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

/**
 * VBoxHeadless is the machine's own process, which outlives this command. What it says goes into a file: a pipe would
 * end with us.
 */
async function begin(session: Session, { ref, folder, settings }: FoundMachine, call: Call): Promise<void> {
  if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted before "${ref.name}" was started`)
  const { serialPath } = settings.hardware
  if (serialPath !== undefined && session.context.platform !== 'win32') makeFolder(path.dirname(serialPath), 0o700)
  const { headless, folder: cwd } = await session.programs(call)
  const log = path.join(folder, startLog)
  const output = openSync(log, 'w', 0o600)
  let ended: { readonly exitCode: number | undefined } | undefined
  try {
    const child = spawn(headless, startPaused(ref.id), {
      detached: true,
      stdio: ['ignore', output, output],
      windowsHide: true,
      env: environmentFor(session.context),
      cwd,
    })
    child.once('exit', (exitCode) => {
      ended = { exitCode: exitCode ?? undefined }
    })
    child.once('error', () => {
      ended = { exitCode: undefined }
    })
    child.unref()
    call.debug(`VBoxHeadless: start ${ref.name}`, { pid: child.pid })
  } finally {
    closeSync(output)
  }
  const isThere = (state: PowerState): boolean => state === 'paused' || state === 'running' || ended !== undefined
  await untilMachine(session, ref, isThere, { timeoutMs: startMs, what: 'start' }, call)
  if (ended) {
    const said = await readFile(log, 'utf8').catch(() => '')
    const evidence = await errorLines({ folder })
    // The log has the symbol where the words before have none.
    const stderr = [withoutGreeting(said), ...evidence].join('\n')
    throw failureOf({ exitCode: ended.exitCode, stderr }, `start ${ref.name}`)
  }
}

/** VBoxHeadless says its name and its makers first. */
function withoutGreeting(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => !/^(?:Oracle\b.*\bHeadless Interface|Copyright|\(C\) \d{4})/i.test(line)) // Oracle VirtualBox Headless Interface 7.2.22
    .join('\n')
}

async function goOn(session: Session, ref: MachineRef, call: Call): Promise<void> {
  await session.manage(resume(ref.id), { action: `let ${ref.name} run` }, call)
}
