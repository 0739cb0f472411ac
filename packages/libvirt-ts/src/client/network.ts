import type { CallOptions, Network } from '../api.ts'
import type { ValueOf } from '../rpc/codec.ts'
import type { networkRef } from '../rpc/shapes.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Client } from './handles.ts'

export type NetworkRef = ValueOf<typeof networkRef>

export class RemoteNetwork implements Network {
  readonly name: string
  readonly uuid: string
  readonly #client: Client

  constructor(client: Client, ref: NetworkRef) {
    this.#client = client
    this.name = ref.name
    this.uuid = ref.uuid
  }

  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.networkIsActive, { net: this.#ref }, options)).active !== 0
  }

  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.networkIsPersistent, { net: this.#ref }, options)).persistent !== 0
  }

  async xml(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.networkGetXml, { net: this.#ref, flags: 0 }, options)).xml
  }

  create(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkCreate, { net: this.#ref }, options)
  }

  destroy(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkDestroy, { net: this.#ref }, options)
  }

  undefine(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkUndefine, { net: this.#ref }, options)
  }

  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void> {
    return this.#client.call(
      procedures.networkSetAutostart,
      { net: this.#ref, autostart: Number(isAutostart) },
      options,
    )
  }

  async bridgeName(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.networkGetBridgeName, { net: this.#ref }, options)).name
  }

  get #ref(): NetworkRef {
    return { name: this.name, uuid: this.uuid }
  }
}
