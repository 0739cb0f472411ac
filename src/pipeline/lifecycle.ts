/** `start`, `stop`, `restart` and `detach`: the machine's lock is held, the intent is journalled, the configuration stays. */
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { StartResult, StopRequest } from '../provider/contract.ts'
import type { MachineInfo, PowerState } from '../provider/machine.ts'
import { callFor, type Environment } from './environment.ts'
import type { FoundMachine } from './find-machine.ts'
import type { Journal } from './journal.ts'
import { withMachineLock } from './machine-lock.ts'
import { withNoted } from './noted.ts'

export interface LifecycleRequest {
  readonly environment: Environment
  readonly found: FoundMachine
  readonly bus: EventBus
  readonly signal: AbortSignal
  readonly lockWaitMs: number
}

/** Starts the machine; one that runs is left alone. */
export async function startMachine(request: LifecycleRequest): Promise<StartResult> {
  return await locked(request, 'start', async (journal) => {
    requireMade(await inspect(request))
    return await switchOn(request, journal)
  })
}

async function switchOn(request: LifecycleRequest, journal: Journal): Promise<StartResult> {
  const { found, bus, signal } = request
  const { ref } = found.info
  const call = callFor(bus, signal)
  journal.append({ entry: 'intent', act: 'apply', operation: 'start', object: `machine ${ref.name}` })
  const result = await bus.step('start', `start ${ref.name}`, () => found.provider.start(ref, call))
  await found.provider.updateMark(ref, { phase: 'ready' }, call)
  await forgetFailure(request)
  journal.append({ entry: 'done', act: 'apply', operation: 'start', outputs: result.outputs })
  return result
}

async function inspect({ found, bus, signal }: LifecycleRequest): Promise<MachineInfo> {
  return await found.provider.inspect(found.info.ref, callFor(bus, signal))
}

/** A half-made machine would be called finished once it is started, and would keep what it lacks. */
export function requireMade({ ref, mark }: MachineInfo): void {
  if (mark?.phase !== 'creating' && mark?.phase !== 'destroying') return
  const half = mark.phase === 'creating' ? 'made' : 'removed'
  throw new AzlVmError('machine-failed', `the machine "${ref.name}" is only half ${half}`, {
    hint: `\`azl-vm up\` goes on with it; \`azl-vm destroy ${ref.name}\` removes it.`,
  })
}

/** Resolves when the machine is off. */
export async function stopMachine(request: LifecycleRequest, stop: StopRequest): Promise<void> {
  await locked(request, 'stop', async (journal) => {
    await switchOff(request, stop, journal)
  })
}

async function switchOff({ found, bus, signal }: LifecycleRequest, stop: StopRequest, journal: Journal): Promise<void> {
  const { ref } = found.info
  journal.append({ entry: 'intent', act: 'stop', operation: 'stop', object: `machine ${ref.name}` })
  const how = stop.mode === 'force' ? 'switch off' : 'shut down'
  await bus.step('stop', `${how} ${ref.name}`, () => found.provider.stop(ref, stop, callFor(bus, signal)))
  journal.append({ entry: 'done', act: 'stop', operation: 'stop' })
}

/** `started`: it was off, so there was nothing to end. */
export interface RestartResult extends StartResult {
  readonly action: 'restarted' | 'reset' | 'started'
}

/**
 * Shuts the machine down and starts it; with mode `force`, presses the reset button. A machine that is off is
 * started. A guest that does not shut down in time is left running: timed-out.
 */
export async function restartMachine(request: LifecycleRequest, stop: StopRequest): Promise<RestartResult> {
  return await locked(request, 'restart', async (journal) => {
    const info = await inspect(request)
    requireMade(info)
    const action = !isOn(info.state) ? 'started' : stop.mode === 'force' ? 'reset' : 'restarted'
    if (action === 'reset') await reset(request, journal)
    if (action === 'restarted') await shutDownToRestart(request, stop, journal)
    // After a reset this changes nothing, and tells how the machine is reached.
    return { action, ...(await switchOn(request, journal)) }
  })
}

async function reset({ found, bus, signal }: LifecycleRequest, journal: Journal): Promise<void> {
  const { ref } = found.info
  journal.append({ entry: 'intent', act: 'reset', operation: 'reset', object: `machine ${ref.name}` })
  await bus.step('reset', `reset ${ref.name}`, () => found.provider.reset(ref, callFor(bus, signal)))
  journal.append({ entry: 'done', act: 'reset', operation: 'reset' })
}

async function shutDownToRestart(request: LifecycleRequest, stop: StopRequest, journal: Journal): Promise<void> {
  try {
    await switchOff(request, stop, journal)
  } catch (error) {
    if (!isAzlVmError(error, 'timed-out')) throw error
    throw error.extended({ hint: `\`azl-vm restart ${request.found.info.ref.name} --force\` resets it.` })
  }
}

function isOn(state: PowerState): boolean {
  return state === 'running' || state === 'paused' || state === 'starting' || state === 'stopping'
}

/** Ejects the installer's medium; an empty drive is done. Returns what was in it. */
export async function detachInstaller(request: LifecycleRequest): Promise<string | undefined> {
  const { found, bus, signal } = request
  const { ref } = found.info
  return await locked(request, 'detach', async (journal) => {
    const info = await inspect(request)
    requireMade(info)
    if (info.installer === undefined) return undefined
    journal.append({ entry: 'intent', act: 'detach', operation: 'attach-installer', object: info.installer })
    await bus.step('detach', `eject the installer of ${ref.name}`, () =>
      found.provider.detach(ref, 'installer', callFor(bus, signal)),
    )
    journal.append({ entry: 'done', act: 'detach', operation: 'attach-installer' })
    return info.installer
  })
}

/** A machine that a user starts by hand is theirs to judge: what an earlier run thought of it no longer counts. */
async function forgetFailure({ environment, found }: LifecycleRequest): Promise<void> {
  const record = await environment.machines.read(found.provider.name, found.provider.host, found.info.ref.name)
  if (!record) return
  const { failure, ...rest } = record
  if (failure || rest.phase !== 'ready') await environment.machines.write({ ...rest, phase: 'ready' })
}

/** Runs `work` alone on the machine, with its journal; where the hypervisor fails, with what it noted. */
export async function locked<T>(
  request: LifecycleRequest,
  verb: string,
  work: (journal: Journal) => Promise<T>,
): Promise<T> {
  const { environment, found, bus, signal, lockWaitMs } = request
  const { provider, info } = found
  const noted = { provider, ref: info.ref, bus, now: environment.now }
  return await withMachineLock({ environment, provider, name: info.ref.name, verb, signal, lockWaitMs }, (journal) =>
    withNoted(noted, () => work(journal)),
  )
}
