/** What a connection hears: subscriptions by kind, and the same as loops. */
import type { CallOptions, Unsubscribe } from '../api.ts'
import type { EventIterator, EventKind, EventSource, LibvirtEvents } from '../api/events.ts'
import { AbortedError } from '../errors.ts'
import { kindsOfEvents } from './event-kinds.ts'
import type { Client } from './handles.ts'
import { Subscription } from './subscription.ts'

export class Events implements EventSource {
  readonly #client: Client
  readonly #subscriptions: { [K in EventKind]?: Subscription<LibvirtEvents[K]> } = {}

  constructor(client: Client) {
    this.#client = client
  }

  subscribe<K extends EventKind>(
    kind: K,
    listener: (event: LibvirtEvents[K]) => void,
    options?: CallOptions,
  ): Promise<Unsubscribe> {
    const subscriptions: { [P in K]?: Subscription<LibvirtEvents[P]> } = this.#subscriptions
    const subscription = (subscriptions[kind] ??= new Subscription(this.#client, kindsOfEvents[kind]))
    return subscription.add(listener, options)
  }

  async events<K extends EventKind>(kind: K, options: CallOptions = {}): Promise<EventIterator<LibvirtEvents[K]>> {
    const loop = new EventLoop<LibvirtEvents[K]>()
    const { signal } = options
    const unsubscribe = await this.subscribe(kind, (event) => loop.push(event), options)
    const onAbort = (): void => loop.end(new AbortedError(`the loop over ${kind} events`, signal?.reason))
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted === true) onAbort()
    void this.#client.channel.closed.then((error) => loop.end(error))
    return loop.iterate(async () => {
      signal?.removeEventListener('abort', onAbort)
      await unsubscribe()
    })
  }
}

/** Events between the daemon, which is never held up, and a loop. */
class EventLoop<T> {
  readonly #waiting: T[] = []
  #end: { readonly error: Error | undefined } | undefined
  #wake: () => void = () => undefined

  push(event: T): void {
    if (this.#end !== undefined) return
    this.#waiting.push(event)
    this.#wake()
  }

  /** What waits is still given. */
  end(error: Error | undefined): void {
    this.#end ??= { error }
    this.#wake()
  }

  /** Not a generator: its `return` would wait for the next event, and one that was never begun would not clean up. */
  iterate(release: () => Promise<void>): EventIterator<T> {
    const next = async (): Promise<IteratorResult<T, void>> => {
      while (this.#waiting.length === 0 && this.#end === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      const [event] = this.#waiting.splice(0, 1)
      if (event !== undefined) return { done: false, value: event }
      await release()
      if (this.#end?.error !== undefined) throw this.#end.error
      return { done: true, value: undefined }
    }
    const iterator: EventIterator<T> = {
      next,
      return: async () => {
        this.#waiting.length = 0
        this.end(undefined)
        await release()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }
}
