import type { CallOptions, PoolInfo, StoragePool, StorageVolume } from '../api.ts'
import type { ValueOf } from '../rpc/codec.ts'
import { nameOf, poolStates } from '../rpc/enums.ts'
import { flags } from '../rpc/limits.ts'
import type { poolRef } from '../rpc/shapes.ts'
import { procedures } from '../rpc/procedures.ts'
import { flagsOf } from './handles.ts'
import type { Client } from './handles.ts'
import { RemoteVolume } from './volume.ts'

export type PoolRef = ValueOf<typeof poolRef>

export class RemotePool implements StoragePool {
  readonly name: string
  readonly uuid: string
  readonly #client: Client

  constructor(client: Client, ref: PoolRef) {
    this.#client = client
    this.name = ref.name
    this.uuid = ref.uuid
  }

  build(options: CallOptions & { readonly overwrite?: boolean } = {}): Promise<void> {
    const wanted = flagsOf([options.overwrite, flags.VIR_STORAGE_POOL_BUILD_OVERWRITE])
    return this.#client.call(procedures.poolBuild, { pool: this.#ref, flags: wanted }, options)
  }

  create(options: CallOptions & { readonly build?: boolean } = {}): Promise<void> {
    const wanted = flagsOf([options.build, flags.VIR_STORAGE_POOL_CREATE_WITH_BUILD])
    return this.#client.call(procedures.poolCreate, { pool: this.#ref, flags: wanted }, options)
  }

  destroy(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.poolDestroy, { pool: this.#ref }, options)
  }

  delete(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.poolDelete, { pool: this.#ref, flags: 0 }, options)
  }

  undefine(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.poolUndefine, { pool: this.#ref }, options)
  }

  refresh(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.poolRefresh, { pool: this.#ref, flags: 0 }, options)
  }

  async autostart(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.poolGetAutostart, { pool: this.#ref }, options)).autostart !== 0
  }

  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.poolSetAutostart, { pool: this.#ref, autostart: Number(isAutostart) }, options)
  }

  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.poolIsActive, { pool: this.#ref }, options)).active !== 0
  }

  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.poolIsPersistent, { pool: this.#ref }, options)).persistent !== 0
  }

  async xml(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.poolGetXml, { pool: this.#ref, flags: 0 }, options)).xml
  }

  async info(options?: CallOptions): Promise<PoolInfo> {
    const answer = await this.#client.call(procedures.poolGetInfo, { pool: this.#ref }, options)
    return {
      state: nameOf(poolStates, answer.state),
      capacityBytes: answer.capacity,
      allocationBytes: answer.allocation,
      availableBytes: answer.available,
    }
  }

  async listVolumes(options?: CallOptions): Promise<StorageVolume[]> {
    const args = { pool: this.#ref, need_results: 1, flags: 0 }
    const { vols } = await this.#client.call(procedures.poolListVolumes, args, options)
    return vols.map((ref) => new RemoteVolume(this.#client, ref))
  }

  async lookupVolume(name: string, options?: CallOptions): Promise<StorageVolume> {
    const { vol } = await this.#client.call(procedures.volumeLookupByName, { pool: this.#ref, name }, options)
    return new RemoteVolume(this.#client, vol)
  }

  async createVolume(
    xml: string,
    options: CallOptions & { readonly preallocateMetadata?: boolean } = {},
  ): Promise<StorageVolume> {
    const wanted = flagsOf([options.preallocateMetadata, flags.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA])
    const { vol } = await this.#client.call(
      procedures.volumeCreateXml,
      { pool: this.#ref, xml, flags: wanted },
      options,
    )
    return new RemoteVolume(this.#client, vol)
  }

  async cloneVolume(
    xml: string,
    from: StorageVolume,
    options: CallOptions & { readonly preallocateMetadata?: boolean; readonly reflink?: boolean } = {},
  ): Promise<StorageVolume> {
    const wanted = flagsOf(
      [options.preallocateMetadata, flags.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA],
      [options.reflink, flags.VIR_STORAGE_VOL_CREATE_REFLINK],
    )
    const clonevol = { pool: from.pool, name: from.name, key: from.key }
    const args = { pool: this.#ref, xml, clonevol, flags: wanted }
    const { vol } = await this.#client.call(procedures.volumeCreateXmlFrom, args, options)
    return new RemoteVolume(this.#client, vol)
  }

  get #ref(): PoolRef {
    return { name: this.name, uuid: this.uuid }
  }
}
