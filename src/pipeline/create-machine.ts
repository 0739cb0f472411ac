/** The making of a machine, up to the point where it could be started. */
import { errorText, isAzlVmError } from '../errors.ts'
import type { MachineRequest } from '../provider/machine.ts'
import type { Operation, Plan } from '../provider/plan.ts'
import { callFor } from './environment.ts'
import { applyOperation, asCancelled, undoOperations, type OperationRun } from './runner.ts'
import { recordOf, type UpContext } from './up-context.ts'

/** The operations that run the machine; everything before them makes it. They come last in every plan. */
const runningKinds = new Set(['start', 'forward'])

export function makingOperations(plan: Plan): readonly Operation[] {
  return plan.operations.filter((operation) => !runningKinds.has(operation.object.kind))
}

export function runningOperations(plan: Plan): readonly Operation[] {
  return plan.operations.filter((operation) => runningKinds.has(operation.object.kind))
}

/**
 * Makes the machine. A failure takes everything back, for a machine that never ran is of no use to anybody;
 * Ctrl-C follows `onFailure`, because an interrupted making can be gone on with.
 */
export async function createMachine(context: UpContext, request: MachineRequest, plan: Plan): Promise<void> {
  await context.environment.machines.write(recordOf(context, request, 'creating'))
  const run = operationRun(context, request)
  const begun: Operation[] = []
  try {
    for (const operation of makingOperations(plan)) {
      begun.push(operation)
      await applyOperation(run, operation)
    }
  } catch (error) {
    throw await takeBack(context, run, begun, error)
  }
}

export function operationRun(context: UpContext, request: MachineRequest): OperationRun {
  const { provider, journal, run, environment } = context
  return { provider, request, journal, bus: run.bus, signal: context.request.signal, now: environment.now }
}

/** Takes back what was begun, or says what is kept. Returns the error to throw. */
export async function takeBack(
  context: UpContext,
  run: OperationRun,
  begun: readonly Operation[],
  thrown: unknown,
): Promise<unknown> {
  const error = asCancelled(thrown, run.signal)
  const { spec } = context.request.loaded
  const name = spec.name
  const isInterrupted = isAzlVmError(error, 'cancelled')
  const mayKeep = spec.onFailure === 'keep' && !context.request.isRemovedAfterwards
  // Interrupted before the claim there is nothing to keep or to go on with.
  if (isInterrupted && mayKeep && (await isClaimed(context, run))) {
    return error.extended({
      hint: `What was made so far is kept (onFailure: keep). \`azl-vm up\` goes on with it; \`azl-vm destroy ${name}\` removes it.`,
    })
  }
  // A claim that was refused made nothing: what is there belongs to somebody else.
  const isRefusedClaim = isAzlVmError(error, 'machine-exists') && begun.length === 1
  const kept = isRefusedClaim ? [] : await undoOperations(run, begun)
  const faults = kept.map((line) => `could not take back ${line}`)
  if (kept.length === 0) faults.push(...(await forget(context, name)))
  if (!isAzlVmError(error)) return error
  if (faults.length === 0) return error
  return error.extended({
    evidence: faults,
    hint: `\`azl-vm ${kept.length === 0 ? 'gc' : `destroy ${name}`}\` tries again.`,
  })
}

/** How long looking for the machine may take after an interrupt. */
const lookMs = 10_000

/** Where nobody can tell, it is taken for there: what is said to be kept is looked for, what is not said is missed. */
async function isClaimed({ provider }: UpContext, { request, bus }: OperationRun): Promise<boolean> {
  const call = callFor(bus, AbortSignal.timeout(lookMs))
  return await provider.inspect(request.ref, call).then(
    ({ state }) => state !== 'absent',
    () => true,
  )
}

/** Why it could not be forgotten; nothing where it was. */
async function forget({ environment, provider }: UpContext, name: string): Promise<readonly string[]> {
  try {
    await environment.machines.forget(provider.name, provider.host, name)
    return []
  } catch (error) {
    return [errorText(error)]
  }
}
