/** Lifecycle events: one registration with the daemon for all who listen on this connection. */
import type { CallOptions, DomainEvent, DomainEventDetail, DomainEventListener, Unsubscribe } from '../api.ts'
import { domainEventDetails, domainEvents, nameOf } from '../rpc/enums.ts'
import { flags } from '../rpc/limits.ts'
import { events } from '../rpc/events.ts'
import { procedures } from '../rpc/procedures.ts'
import { RemoteDomain } from './domain.ts'
import { abortable, notify } from './handles.ts'
import type { Client } from './handles.ts'

export class DomainEvents {
  readonly #client: Client
  readonly #listeners = new Set<DomainEventListener>()
  #registration: Promise<number> | undefined

  constructor(client: Client) {
    this.#client = client
    client.channel.onEvent(events.domainLifecycle, ({ msg }) => {
      const event = this.#describe(msg)
      for (const listener of [...this.#listeners]) notify(listener, event)
    })
  }

  /** The listener is in place before the daemon is asked: its first event may come with the answer. */
  async subscribe(listener: DomainEventListener, options: CallOptions = {}): Promise<Unsubscribe> {
    // A function of its own, so that the same listener can be given twice.
    const own: DomainEventListener = (event) => listener(event)
    this.#listeners.add(own)
    try {
      // The registration is for all who listen: one of them giving up must not end it for the others.
      await abortable(this.#register(), options.signal, 'the subscription to domain events')
    } catch (error) {
      void this.#unsubscribe(own).catch(() => undefined)
      throw error
    }
    return () => this.#unsubscribe(own)
  }

  async #register(): Promise<void> {
    const args = { eventID: flags.VIR_DOMAIN_EVENT_ID_LIFECYCLE, dom: undefined }
    const registration = (this.#registration ??= this.#client
      .call(procedures.domainEventRegister, args)
      .then(({ callbackID }) => callbackID))
    try {
      await registration
    } catch (error) {
      if (this.#registration === registration) this.#registration = undefined
      throw error
    }
  }

  async #unsubscribe(own: DomainEventListener): Promise<void> {
    if (!this.#listeners.delete(own) || this.#listeners.size > 0) return
    const registration = this.#registration
    this.#registration = undefined
    if (registration === undefined || !this.#client.channel.isOpen) return
    await this.#client.call(procedures.domainEventDeregister, { callbackID: await registration })
  }

  #describe(message: {
    readonly dom: { readonly name: string; readonly uuid: string; readonly id: number }
    readonly event: number
    readonly detail: number
  }): DomainEvent {
    const domain = new RemoteDomain(this.#client, message.dom)
    const event = nameOf(domainEvents, message.event)
    if (typeof event === 'number') return { domain, event, detail: message.detail }
    const details: Partial<Record<DomainEventDetail, number>> = domainEventDetails[event]
    return { domain, event, detail: nameOf(details, message.detail) }
  }
}
