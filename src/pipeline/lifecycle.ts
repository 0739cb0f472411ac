/** `start` and `stop`: the machine's lock is held, the intent is journalled, the configuration stays. */
import { AzlVmError } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { StartResult, StopRequest } from '../provider/contract.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { callFor, type Environment } from './environment.ts'
import type { FoundMachine } from './find-machine.ts'
import type { Journal } from './journal.ts'
import { withMachineLock } from './machine-lock.ts'

export interface LifecycleRequest {
  readonly environment: Environment
  readonly found: FoundMachine
  readonly bus: EventBus
  readonly signal: AbortSignal
  readonly lockWaitMs: number
}

/** Starts the machine; one that runs is left alone. */
export async function startMachine(request: LifecycleRequest): Promise<StartResult> {
  const { found, bus, signal } = request
  const call = callFor(bus, signal)
  return await locked(request, 'start', async (journal) => {
    requireMade(await found.provider.inspect(found.info.ref, call))
    journal.append({ entry: 'intent', act: 'apply', operation: 'start', object: `machine ${found.info.ref.name}` })
    const result = await bus.step('start', `start ${found.info.ref.name}`, () =>
      found.provider.start(found.info.ref, call),
    )
    await found.provider.updateMark(found.info.ref, { phase: 'ready' }, call)
    await forgetFailure(request)
    journal.append({ entry: 'done', act: 'apply', operation: 'start', outputs: result.outputs })
    return result
  })
}

/** A half-made machine would be called finished once it is started, and would keep what it lacks. */
function requireMade({ ref, mark }: MachineInfo): void {
  if (mark?.phase !== 'creating' && mark?.phase !== 'destroying') return
  const half = mark.phase === 'creating' ? 'made' : 'removed'
  throw new AzlVmError('machine-failed', `the machine "${ref.name}" is only half ${half}`, {
    hint: `\`azl-vm up\` goes on with it; \`azl-vm destroy ${ref.name}\` removes it.`,
  })
}

/** Resolves when the machine is off. */
export async function stopMachine(request: LifecycleRequest, stop: StopRequest): Promise<void> {
  const { found, bus, signal } = request
  const { ref } = found.info
  await locked(request, 'stop', async (journal) => {
    journal.append({ entry: 'intent', act: 'stop', operation: 'stop', object: `machine ${ref.name}` })
    const how = stop.mode === 'force' ? 'switch off' : 'shut down'
    await bus.step('stop', `${how} ${ref.name}`, () => found.provider.stop(ref, stop, callFor(bus, signal)))
    journal.append({ entry: 'done', act: 'stop', operation: 'stop' })
  })
}

/** A machine that a user starts by hand is theirs to judge: what an earlier run thought of it no longer counts. */
async function forgetFailure({ environment, found }: LifecycleRequest): Promise<void> {
  const record = await environment.machines.read(found.provider.name, found.provider.host, found.info.ref.name)
  if (!record) return
  const { failure, ...rest } = record
  if (failure || rest.phase !== 'ready') await environment.machines.write({ ...rest, phase: 'ready' })
}

async function locked<T>(request: LifecycleRequest, verb: string, work: (journal: Journal) => Promise<T>): Promise<T> {
  const { environment, found, signal, lockWaitMs } = request
  const { provider, info } = found
  return await withMachineLock({ environment, provider, name: info.ref.name, verb, signal, lockWaitMs }, work)
}
