/** What follows a failure: looking at the machine, and removing it. */
import { errorText, isAzlVmError } from '../errors.ts'
import type { Call } from '../provider/contract.ts'
import type { MachineRef } from '../provider/machine.ts'
import { destroyLocked } from './destroy.ts'
import { callFor } from './environment.ts'
import { asCancelled } from './runner.ts'
import type { UpContext } from './up-context.ts'

/** How long looking at a failed machine, or removing it, may take. */
const aftermathTimeoutMs = 60_000

/** With a signal of its own, because it is done after Ctrl-C too. */
export function aftermathCall({ run }: UpContext): Call {
  return callFor(run.bus, AbortSignal.timeout(aftermathTimeoutMs))
}

/** Nothing in it may take the place of the failure that it follows; what goes wrong is collected. */
export class Aftermath {
  readonly faults: string[] = []

  async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (fault) {
      this.faults.push(`could not ${what}: ${errorText(fault)}`)
      return undefined
    }
  }
}

/** Returns what became of the machine, as a sentence for the hint. */
export async function removeFailed(context: UpContext, ref: MachineRef, aftermath: Aftermath): Promise<string> {
  const { environment, provider, journal, run } = context
  const call = aftermathCall(context)
  const report = await aftermath.attempt(`remove the machine "${ref.name}"`, async () => {
    const info = await provider.inspect(ref, call)
    return await destroyLocked({ environment, provider, info, journal, bus: run.bus, signal: call.signal })
  })
  const kept = report?.kept.filter(({ isOurs }) => isOurs) ?? []
  aftermath.faults.push(...kept.map(({ what, why }) => `could not remove ${what}: ${why}`))
  if (!report) return `The machine is kept. \`azl-vm destroy ${ref.name}\` tries again.`
  return kept.length === 0
    ? 'The machine was removed.'
    : 'The machine was removed, but not all of it; `azl-vm gc` tries again.'
}

/**
 * What `--rm` promises: the machine goes when the work is done, and as well where the work or the removal itself fails
 * or is interrupted. Without `--rm` only the work is done.
 */
export async function thenRemoved<Result extends object>(
  context: UpContext,
  ref: MachineRef,
  work: () => Promise<Result>,
): Promise<Result> {
  const { environment, request, provider, journal, run } = context
  if (!request.isRemovedAfterwards) return await work()
  const { signal } = request
  try {
    const result = await work()
    const info = await provider.inspect(ref, callFor(run.bus, signal))
    const removed = await destroyLocked({ environment, provider, info, journal, bus: run.bus, signal })
    return { ...result, removed }
  } catch (thrown) {
    throw await removedDespite(context, ref, asCancelled(thrown, signal))
  }
}

/** Returns the error to throw: the given one, and what became of the machine. */
async function removedDespite(context: UpContext, ref: MachineRef, error: unknown): Promise<unknown> {
  const aftermath = new Aftermath()
  if (!(await isLeft(context, ref))) return error
  const fate = await removeFailed(context, ref, aftermath)
  if (!isAzlVmError(error)) {
    // A bug's report has no hint; what became of the machine is told beside it.
    for (const message of [...aftermath.faults, fate])
      context.run.bus.emit({ type: 'warning', code: 'removal', message })
    return error
  }
  return error.extended({ hint: `${fate} evidence: ${context.run.paths.dir}`, evidence: aftermath.faults })
}

/** False where the machine is gone and forgotten: a making that failed has taken it back. Where nobody can tell, true. */
async function isLeft(context: UpContext, ref: MachineRef): Promise<boolean> {
  const { environment, provider } = context
  try {
    const { state } = await provider.inspect(ref, aftermathCall(context))
    return state !== 'absent' || (await environment.machines.read(provider.name, provider.host, ref.name)) !== undefined
  } catch {
    return true
  }
}
