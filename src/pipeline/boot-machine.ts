/** Starting a machine with the serial port open, and waiting until its boot is decided. */
import type { ProbeReport } from 'boot-probe'
import { Transcript } from '../console/transcript.ts'
import { errorText, isAzlVmError } from '../errors.ts'
import { guestCapabilities } from '../provider/capabilities.ts'
import type { BootOutcome, Call, ConsoleHandle } from '../provider/contract.ts'
import type { MachineInfo, MachineRequest } from '../provider/machine.ts'
import type { Operation, Plan } from '../provider/plan.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { Aftermath, aftermathCall, removeFailed } from './aftermath.ts'
import { BootWait, type BootResult } from './boot.ts'
import { makingOperations, operationRun, runningOperations, takeBack } from './create-machine.ts'
import { callFor } from './environment.ts'
import { HostEvents } from './host-events.ts'
import { withEvidence } from './noted.ts'
import { applyOperation, asCancelled } from './runner.ts'
import { listenToSystemPort, type SystemPort } from './system-port.ts'
import { recordOf, type UpContext } from './up-context.ts'

export interface Booted {
  readonly bootOutcome: BootOutcome
  readonly probe: ProbeReport | undefined
  readonly acceleration: 'hardware' | 'emulated' | undefined
}

/** What of a machine decides how it is listened to. */
type BeforeBoot = Pick<MachineInfo, 'state' | 'installer' | 'hasSystemPort'>

/**
 * With a plan: starts the machine. Without: it runs already, and its log is read from the beginning. `isNew`: this run
 * made it just now, all of it.
 */
export async function bootMachine(
  context: UpContext,
  request: MachineRequest,
  plan: Plan | undefined,
  isNew = false,
): Promise<Booted> {
  const { run, provider, environment } = context
  const before = (isNew ? knownOf(context, request) : undefined) ?? (await lookAt(context, request, plan))
  const transcript = new Transcript(run.paths.serial)
  const wait = new BootWait({
    transcript,
    watch: provider.bootWatch(),
    // One whose installer was ejected boots its disk.
    isProbe: 'probe' in request.spec.source && before.installer !== undefined,
    firmwareSpeaks: context.facts.capabilities.console.firmwareSpeaks,
    hasSecureBoot: request.spec.machine.firmware.secureBoot === true,
    timeoutMs: request.spec.timeouts.boot,
    bus: run.bus,
  })
  const listening = await listen(context, request, plan, before, transcript, wait)
  // The boot of a machine that an interrupted `up` started may have failed since.
  const events = new HostEvents(context, request, plan ? environment.now() : new Date(request.mark.created))
  try {
    const acceleration = plan ? await startMachine(context, request, plan) : undefined
    const result = await awaitBoot(context, request, wait, events)
    if (result.probe) await listening.system?.probeHeard()
    if (result.outcome.is === 'unheard')
      await keepScreenshot(context, request, callFor(run.bus, context.request.signal))
    return { bootOutcome: result.outcome, probe: result.probe, acceleration }
  } finally {
    await stopListening(context, listening)
    transcript.close()
  }
}

interface Listening {
  readonly console: Pick<ConsoleHandle, 'close'>
  readonly system: SystemPort | undefined
}

/** Closes both ports, whatever the other's end; a port that does not close is told and hides no failure of the boot. */
async function stopListening({ run }: UpContext, { console, system }: Listening): Promise<void> {
  for (const end of await Promise.allSettled([system?.close(), console.close()]))
    if (end.status === 'rejected')
      run.bus.emit({ type: 'warning', code: 'console-close', message: errorText(end.reason) })
}

async function listen(
  context: UpContext,
  request: MachineRequest,
  plan: Plan | undefined,
  { state, hasSystemPort }: BeforeBoot,
  transcript: Transcript,
  wait: BootWait,
): Promise<Listening> {
  let system: SystemPort | undefined
  try {
    // An `up` that was killed right after the start left a machine that has been speaking since.
    const isOff = plan !== undefined && state !== 'running'
    if (hasSystemPort) system = await listenToSystemPort(context, request.ref, isOff)
    const console = isOff
      ? await startListening(context, request, hearing(transcript, wait), wait)
      : followLog(context, request, hearing(transcript, wait), wait)
    return { console, system }
  } catch (error) {
    await system?.close()
    transcript.close()
    throw await neverRan(context, request, plan ? makingOperations(plan) : [], error)
  }
}

/** A machine that was made just now is as it was made; whether a port of the system's came out of it, only it can tell. */
function knownOf({ facts }: UpContext, { architecture, installer }: MachineRequest): BeforeBoot | undefined {
  if (guestCapabilities(facts.capabilities, architecture).systemPort) return undefined
  return { state: 'off', installer: installer.path, hasSystemPort: false }
}

/** The machine before it is started. */
async function lookAt(context: UpContext, request: MachineRequest, plan: Plan | undefined): Promise<MachineInfo> {
  const { provider, run, request: asked } = context
  try {
    return await provider.inspect(request.ref, callFor(run.bus, asked.signal))
  } catch (error) {
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

/** A provider calls this from the socket's own event: what it throws there would end the process. */
function hearing(transcript: Transcript, wait: BootWait): (bytes: Uint8Array) => void {
  return (bytes) => {
    try {
      transcript.write(bytes)
    } catch (error) {
      wait.failed(error)
    }
  }
}

async function startListening(
  context: UpContext,
  request: MachineRequest,
  onData: (bytes: Uint8Array) => void,
  wait: BootWait,
): Promise<Pick<ConsoleHandle, 'close'>> {
  const call = callFor(context.run.bus, context.request.signal)
  const handle = await context.provider.openConsole(request.ref, { port: 'firmware', onData }, call)
  const stop = new AbortController()
  const ending = handle.ended.then(async (end) => {
    if (end.why === 'machine-off') await hearAgain(context, request, wait, stop.signal)
    wait.consoleEnded(end)
  })
  return {
    close: async () => {
      stop.abort()
      await handle.close()
      // Nothing goes on with the provider after this.
      await ending
    },
  }
}

/** The log is a second chance and no more: where it cannot be read, the first verdict stands. */
async function hearAgain(
  context: UpContext,
  request: MachineRequest,
  wait: BootWait,
  stopped: AbortSignal,
): Promise<void> {
  const { provider, run } = context
  const call = callFor(run.bus, AbortSignal.any([context.request.signal, stopped]))
  await wait
    .hearAgain(provider.followLog(request.ref, 'firmware', 'last-start', call), provider.bootWatch())
    .catch(() => undefined)
}

function followLog(
  context: UpContext,
  request: MachineRequest,
  onData: (bytes: Uint8Array) => void,
  wait: BootWait,
): Pick<ConsoleHandle, 'close'> {
  const stop = new AbortController()
  const signal = AbortSignal.any([context.request.signal, stop.signal])
  const reading = (async (): Promise<void> => {
    for await (const bytes of context.provider.followLog(
      request.ref,
      'firmware',
      'last-start',
      callFor(context.run.bus, signal),
    ))
      onData(bytes)
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

async function awaitBoot(
  context: UpContext,
  request: MachineRequest,
  wait: BootWait,
  events: HostEvents,
): Promise<BootResult> {
  const { bus } = context.run
  const what = 'probe' in request.spec.source ? 'boot the probe' : 'boot the medium'
  try {
    return await bus.step(
      'boot',
      what,
      () => events.watchedBy(wait, () => wait.result(context.request.signal)),
      ({ outcome }) => outcomeText(outcome),
    )
  } catch (error) {
    const noted = await events.last()
    throw await bootFailed(context, request, withEvidence(asCancelled(error, context.request.signal), noted))
  }
}

function outcomeText(outcome: BootResult['outcome']): string | undefined {
  if (outcome.is === 'unheard') return outcome.evidence.join('; ')
  return outcome.name === '' ? undefined : `firmware left for ${outcome.target}: ${outcome.name}`
}

/**
 * Looks at the machine and follows `onFailure`; with `--rm` the removal follows anyway. Returns the error to throw: the
 * first one, whatever goes wrong here, with that as evidence. A bug of ours stays one.
 */
async function bootFailed(context: UpContext, request: MachineRequest, error: unknown): Promise<unknown> {
  const { run } = context
  const call = aftermathCall(context)
  const aftermath = new Aftermath()
  await aftermath.attempt('keep the screenshot', () => keepScreenshot(context, request, call))
  if (context.request.isRemovedAfterwards)
    return isAzlVmError(error) ? error.extended({ evidence: aftermath.faults }) : error
  const fate =
    context.request.loaded.spec.onFailure === 'remove'
      ? await removeFailed(context, request.ref, aftermath)
      : isAzlVmError(error, 'cancelled')
        ? `The machine "${request.ref.name}" is kept and runs on. \`azl-vm up\` goes on waiting; \`azl-vm destroy ${request.ref.name}\` removes it.`
        : await keepFailed(context, request, error, aftermath, call)
  if (!isAzlVmError(error)) return error
  return error.extended({ hint: `${fate} evidence: ${run.paths.dir}`, evidence: aftermath.faults })
}

async function keepScreenshot({ run, provider }: UpContext, request: MachineRequest, call: Call): Promise<void> {
  // A machine that is off has no screen.
  const image = await provider.screenshot(request.ref, call).catch(() => undefined)
  if (image) await writeFileAtomic(run.paths.screenshot, image)
}

async function keepFailed(
  context: UpContext,
  request: MachineRequest,
  error: unknown,
  aftermath: Aftermath,
  call: Call,
): Promise<string> {
  const { name } = request.ref
  await aftermath.attempt('mark the machine as failed', () =>
    context.provider.updateMark(request.ref, { phase: 'failed' }, call),
  )
  await aftermath.attempt('note the failure', async () => {
    const failure = { code: isAzlVmError(error) ? error.code : 'bug', message: errorText(error) }
    await context.environment.machines.write({ ...recordOf(context, request, 'failed'), failure })
  })
  return `The machine "${name}" is kept (onFailure: keep): look with \`azl-vm console\` or \`azl-vm screenshot\`, remove it with \`azl-vm destroy ${name}\`.`
}
