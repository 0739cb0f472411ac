/** Starting a machine with the serial port open, and waiting until its boot is decided. */
import type { ProbeReport } from 'boot-probe'
import { Transcript } from '../console/transcript.ts'
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { BootOutcome, ConsoleHandle } from '../provider/contract.ts'
import type { MachineRequest } from '../provider/machine.ts'
import type { Operation, Plan } from '../provider/plan.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { BootWait, type BootResult } from './boot.ts'
import { makingOperations, operationRun, runningOperations, takeBack } from './create-machine.ts'
import { destroyLocked } from './destroy.ts'
import { callFor } from './environment.ts'
import { applyOperation, asCancelled } from './runner.ts'
import { recordOf, type UpContext } from './up-context.ts'

export interface Booted {
  readonly bootOutcome: BootOutcome
  readonly probe: ProbeReport | undefined
  readonly acceleration: 'hardware' | 'emulated' | undefined
}

/** With a plan: starts the machine. Without: it runs already, and its log is read from the beginning. */
export async function bootMachine(
  context: UpContext,
  request: MachineRequest,
  plan: Plan | undefined,
): Promise<Booted> {
  const { run, provider } = context
  const transcript = new Transcript(run.paths.serial)
  const wait = new BootWait({
    transcript,
    watch: provider.bootWatch(),
    isProbe: 'probe' in request.spec.source,
    timeoutMs: request.spec.timeouts.boot,
    bus: run.bus,
  })
  const console = await listen(context, request, plan, transcript, wait)
  try {
    const acceleration = plan ? await startMachine(context, request, plan) : undefined
    const result = await awaitBoot(context, request, wait)
    return { bootOutcome: result.outcome, probe: result.probe, acceleration }
  } finally {
    await console.close()
    transcript.close()
  }
}

async function listen(
  context: UpContext,
  request: MachineRequest,
  plan: Plan | undefined,
  transcript: Transcript,
  wait: BootWait,
): Promise<Pick<ConsoleHandle, 'close'>> {
  try {
    return plan && !(await isOnAlready(context, request))
      ? await startListening(context, request, transcript, wait)
      : followLog(context, request, transcript, wait)
  } catch (error) {
    transcript.close()
    throw await neverRan(context, request, plan ? makingOperations(plan) : [], error)
  }
}

/** A machine that could not be started at all never ran: if this run made it, it is taken back. */
async function neverRan(
  context: UpContext,
  request: MachineRequest,
  begun: readonly Operation[],
  error: unknown,
): Promise<unknown> {
  const run = operationRun(context, request)
  const isNew = request.mark.runId === context.run.id
  return isNew ? await takeBack(context, run, begun, error) : asCancelled(error, run.signal)
}

/** An `up` that was killed right after the start left a machine that has been speaking since. */
async function isOnAlready({ provider, run, request }: UpContext, { ref }: MachineRequest): Promise<boolean> {
  const { state } = await provider.inspect(ref, callFor(run.bus, request.signal))
  return state === 'running'
}

async function startListening(
  context: UpContext,
  request: MachineRequest,
  transcript: Transcript,
  wait: BootWait,
): Promise<Pick<ConsoleHandle, 'close'>> {
  const call = callFor(context.run.bus, context.request.signal)
  const onData = (bytes: Uint8Array): void => {
    transcript.write(bytes)
  }
  const handle = await context.provider.openConsole(request.ref, { port: 'firmware', onData }, call)
  void handle.ended.then((end) => {
    wait.consoleEnded(end)
  })
  return handle
}

function followLog(
  context: UpContext,
  request: MachineRequest,
  transcript: Transcript,
  wait: BootWait,
): Pick<ConsoleHandle, 'close'> {
  const stop = new AbortController()
  const signal = AbortSignal.any([context.request.signal, stop.signal])
  const reading = (async (): Promise<void> => {
    for await (const bytes of context.provider.followLog(request.ref, 'last-start', callFor(context.run.bus, signal)))
      transcript.write(bytes)
  })()
  void reading.then(
    () => {
      wait.consoleEnded({ why: 'machine-off' })
    },
    (error: unknown) => {
      if (!signal.aborted)
        wait.consoleEnded({ why: 'broken', error: error instanceof Error ? error : new Error(String(error)) })
    },
  )
  return {
    close: async () => {
      stop.abort()
      await reading.catch(() => undefined)
    },
  }
}

async function startMachine(context: UpContext, request: MachineRequest, plan: Plan): Promise<Booted['acceleration']> {
  const run = operationRun(context, request)
  const begun = [...makingOperations(plan)]
  let acceleration: Booted['acceleration']
  try {
    for (const operation of runningOperations(plan)) {
      begun.push(operation)
      const outputs = await applyOperation(run, operation)
      if (outputs['acceleration'] === 'hardware' || outputs['acceleration'] === 'emulated')
        acceleration = outputs['acceleration']
    }
    await context.provider.updateMark(
      request.ref,
      { phase: 'booting', creator: context.environment.processes.self },
      callFor(run.bus, run.signal),
    )
    await context.environment.machines.write(recordOf(context, request, 'booting'))
  } catch (error) {
    throw await neverRan(context, request, begun, error)
  }
  return acceleration
}

async function awaitBoot(context: UpContext, request: MachineRequest, wait: BootWait): Promise<BootResult> {
  const { bus } = context.run
  const what = 'probe' in request.spec.source ? 'boot the probe' : 'boot the medium'
  try {
    return await bus.step(
      'boot',
      what,
      () => wait.result(context.request.signal),
      (result) =>
        result.outcome.name === '' ? undefined : `firmware left for ${result.outcome.target}: ${result.outcome.name}`,
    )
  } catch (error) {
    throw await bootFailed(context, request, asCancelled(error, context.request.signal))
  }
}

/** How long looking at a failed machine, or removing it, may take. */
const aftermathTimeoutMs = 60_000

async function bootFailed(context: UpContext, request: MachineRequest, error: unknown): Promise<unknown> {
  const { run, provider, environment } = context
  const { onFailure, name } = { onFailure: context.request.loaded.spec.onFailure, name: request.ref.name }
  const call = callFor(run.bus, AbortSignal.timeout(aftermathTimeoutMs))
  const isInterrupted = isAzlVmError(error, 'cancelled')
  const failure = isAzlVmError(error) ? error : new AzlVmError('backend-failed', String(error), { cause: error })
  const image = await provider.screenshot(request.ref, call).catch(() => undefined)
  if (image) await writeFileAtomic(run.paths.screenshot, image)
  const evidence = `evidence: ${run.paths.dir}`
  if (onFailure === 'remove' || context.request.isRemovedAfterwards) {
    const info = await provider.inspect(request.ref, call)
    await destroyLocked({ environment, provider, info, journal: context.journal, bus: run.bus, signal: call.signal })
    return failure.extended({ hint: `The machine was removed. ${evidence}` })
  }
  if (isInterrupted) {
    return failure.extended({
      hint: `The machine "${name}" is kept and runs on. \`azl-vm up\` goes on waiting; \`azl-vm destroy ${name}\` removes it. ${evidence}`,
    })
  }
  await provider.updateMark(request.ref, { phase: 'failed' }, call)
  const record = recordOf(context, request, 'failed')
  await environment.machines.write({ ...record, failure: { code: failure.code, message: failure.message } })
  return failure.extended({
    hint: `The machine "${name}" is kept (onFailure: keep): look with \`azl-vm console\` or \`azl-vm screenshot\`, remove it with \`azl-vm destroy ${name}\`. ${evidence}`,
  })
}
