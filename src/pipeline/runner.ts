/** Applies a plan's operations in order, each journalled before it is done, and takes them back in reverse. */
import { AzlVmError, errorText, isAzlVmError } from '../errors.ts'
import type { Call, Provider } from '../provider/contract.ts'
import type { MachineRequest } from '../provider/machine.ts'
import type { Operation, Outputs } from '../provider/plan.ts'
import { callFor } from './environment.ts'
import type { Journal } from './journal.ts'
import { withNoted } from './noted.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { RunEventBody } from '../events/events.ts'

export interface OperationRun {
  readonly provider: Provider
  readonly request: MachineRequest
  readonly journal: Journal
  readonly bus: EventBus
  readonly signal: AbortSignal
  readonly now: () => Date
}

/** Applies one operation: intent on the disk, act, result written. */
export async function applyOperation(run: OperationRun, operation: Operation): Promise<Outputs> {
  run.signal.throwIfAborted()
  const object = `${operation.object.kind} ${operation.object.name}`
  run.journal.append({ entry: 'intent', act: 'apply', operation: operation.id, object })
  const call = callFor(run.bus, run.signal, operation.id)
  const outputs = await run.bus.step(operation.id, operation.title, () =>
    withNoted({ ...run, ref: run.request.ref }, () => run.provider.apply(operation, run.request, call)),
  )
  run.journal.append({ entry: 'done', act: 'apply', operation: operation.id, outputs })
  return outputs
}

/** How long taking back one operation may take before it is reported as kept. */
const undoTimeoutMs = 60_000

/**
 * Takes back the given operations, the last first. Uses a signal of its own, because it runs after Ctrl-C too.
 * Returns what could not be taken back; never throws, so that it cannot hide the error that led here.
 */
export async function undoOperations(run: OperationRun, operations: readonly Operation[]): Promise<readonly string[]> {
  const kept: string[] = []
  for (const operation of operations.toReversed()) {
    const object = `${operation.object.kind} ${operation.object.name}`
    const call: Call = callFor(run.bus, AbortSignal.timeout(undoTimeoutMs), operation.id)
    try {
      run.journal.append({ entry: 'intent', act: 'undo', operation: operation.id, object })
      await run.provider.undo(operation, run.request, call)
      run.journal.append({ entry: 'done', act: 'undo', operation: operation.id })
    } catch (error) {
      kept.push(`${object}: ${errorText(error)}`)
      const message = `could not take back ${object}: ${errorText(error)}`
      emitAfterFailure(run.bus, { type: 'warning', code: 'undo-failed', message })
    }
  }
  return kept
}

/** Tells what follows a failure. A log that cannot be written must not take the failure's place. */
export function emitAfterFailure(bus: EventBus, body: RunEventBody): void {
  try {
    bus.emit(body)
  } catch (error) {
    if (!isAzlVmError(error)) throw error
  }
}

/** An abort as an error of ours, whatever the layer below made of it. */
export function asCancelled(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || (error instanceof AzlVmError && error.code === 'cancelled')) return error
  return new AzlVmError('cancelled', 'interrupted', { cause: error })
}
