/** One kind of event: one registration with the daemon for all who listen on this connection. */
import type { CallOptions, Unsubscribe } from '../api.ts'
import type { KindOfEvent } from './event-kinds.ts'
import { abortable, notify } from './handles.ts'
import type { Client } from './handles.ts'

type Listener<T> = (event: T) => void

export class Subscription<T> {
  readonly #client: Client
  readonly #kind: KindOfEvent<T>
  readonly #listeners = new Set<Listener<T>>()
  #registration: Promise<number> | undefined

  constructor(client: Client, kind: KindOfEvent<T>) {
    this.#client = client
    this.#kind = kind
    client.channel.onEvent(kind.message, (message) => {
      const event = kind.describe(client, message)
      for (const listener of [...this.#listeners]) notify(listener, event)
    })
  }

  /** The listener is in place before the daemon is asked: its first event may come with the answer. */
  async add(listener: Listener<T>, options: CallOptions = {}): Promise<Unsubscribe> {
    // A function of its own, so that the same listener can be given twice.
    const own: Listener<T> = (event) => listener(event)
    this.#listeners.add(own)
    try {
      // The registration is for all who listen: one of them giving up must not end it for the others.
      await abortable(this.#register(), options.signal, 'the subscription to events')
    } catch (error) {
      void this.#remove(own).catch(() => undefined)
      throw error
    }
    return () => this.#remove(own)
  }

  async #register(): Promise<void> {
    const registration = (this.#registration ??= this.#kind.register(this.#client))
    try {
      await registration
    } catch (error) {
      if (this.#registration === registration) this.#registration = undefined
      throw error
    }
  }

  async #remove(own: Listener<T>): Promise<void> {
    if (!this.#listeners.delete(own) || this.#listeners.size > 0) return
    const registration = this.#registration
    this.#registration = undefined
    if (registration === undefined || !this.#client.channel.isOpen) return
    await this.#kind.deregister(this.#client, await registration)
  }
}
