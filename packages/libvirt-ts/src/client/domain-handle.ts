import type { ValueOf } from '../rpc/codec.ts'
import type { domainRef, Procedure } from '../rpc/shapes.ts'
import type { CallOptions } from '../api.ts'
import type { Client } from './handles.ts'

export type DomainRef = ValueOf<typeof domainRef>

type FlagsProcedure<R> = Procedure<{ readonly dom: DomainRef; readonly flags: number }, R>

/** What every group of a domain's calls is built on: who it is, and how to ask about it. */
export class DomainHandle {
  readonly name: string
  readonly uuid: string
  protected readonly client: Client
  #id: number

  constructor(client: Client, ref: DomainRef) {
    this.client = client
    this.name = ref.name
    this.uuid = ref.uuid
    this.#id = ref.id
  }

  get id(): number | undefined {
    return this.#id < 0 ? undefined : this.#id
  }

  protected get ref(): DomainRef {
    return { name: this.name, uuid: this.uuid, id: this.#id }
  }

  /** The daemon has told the id of the running instance; -1: there is none. */
  protected saw(id: number): void {
    this.#id = id
  }

  /** Calls what needs the domain and nothing else. */
  protected ask<R>(procedure: Procedure<{ readonly dom: DomainRef }, R>, options?: CallOptions): Promise<R> {
    return this.client.call(procedure, { dom: this.ref }, options)
  }

  protected askWith<R>(procedure: FlagsProcedure<R>, flags: number, options?: CallOptions): Promise<R> {
    return this.client.call(procedure, { dom: this.ref, flags }, options)
  }
}
