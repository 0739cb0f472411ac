import type { EventListener, RunEvent, RunEventBody } from './events.ts'

/** Hands each event of one run to every listener, in order. A listener that throws is a bug and is not hidden. */
export class EventBus {
  readonly runId: string
  readonly #now: () => Date
  readonly #listeners = new Set<EventListener>()

  constructor(runId: string, now: () => Date) {
    this.runId = runId
    this.#now = now
  }

  /** Returns the function that unsubscribes. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(body: RunEventBody): void {
    const event: RunEvent = { v: 1, time: this.#now().toISOString(), runId: this.runId, ...body }
    for (const listener of this.#listeners) listener(event)
  }

  /** Runs `work` between a step-started and a step-finished event; `detail` is shown beside the time. */
  async step<T>(
    id: string,
    text: string,
    work: () => Promise<T>,
    detail?: (result: T) => string | undefined,
  ): Promise<T> {
    const startedMs = this.#now().getTime()
    const finish = (outcome: 'done' | 'failed', shown?: string): void => {
      const elapsedMs = this.#now().getTime() - startedMs
      this.emit({
        type: 'step-finished',
        id,
        text,
        outcome,
        elapsedMs,
        ...(shown === undefined ? {} : { detail: shown }),
      })
    }
    this.emit({ type: 'step-started', id, text })
    try {
      const result = await work()
      finish('done', detail?.(result))
      return result
    } catch (error) {
      finish('failed')
      throw error
    }
  }
}
