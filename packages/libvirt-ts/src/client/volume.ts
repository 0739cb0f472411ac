import type {
  CallOptions,
  Hole,
  ResizeVolumeOptions,
  Source,
  SparseTransferOptions,
  StorageVolume,
  TransferOptions,
  VolumeInfo,
} from '../api.ts'
import type { ValueOf } from '../rpc/codec.ts'
import { nameOf, volumeTypes } from '../rpc/enums.ts'
import { flags } from '../rpc/limits.ts'
import type { volumeRef } from '../rpc/shapes.ts'
import { procedures } from '../rpc/procedures.ts'
import { flagsOf } from './handles.ts'
import type { Client } from './handles.ts'
import { download, upload } from './transfer.ts'

export type VolumeRef = ValueOf<typeof volumeRef>

export class RemoteVolume implements StorageVolume {
  readonly pool: string
  readonly name: string
  readonly key: string
  readonly #client: Client

  constructor(client: Client, ref: VolumeRef) {
    this.#client = client
    this.pool = ref.pool
    this.name = ref.name
    this.key = ref.key
  }

  async path(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.volumeGetPath, { vol: this.#ref }, options)).name
  }

  async xml(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.volumeGetXml, { vol: this.#ref, flags: 0 }, options)).xml
  }

  async info(options?: CallOptions): Promise<VolumeInfo> {
    const answer = await this.#client.call(procedures.volumeGetInfo, { vol: this.#ref }, options)
    return {
      type: nameOf(volumeTypes, answer.type),
      capacityBytes: answer.capacity,
      allocationBytes: answer.allocation,
    }
  }

  resize(capacityBytes: number, options: ResizeVolumeOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.shrink, flags.VIR_STORAGE_VOL_RESIZE_SHRINK],
      [options.allocate, flags.VIR_STORAGE_VOL_RESIZE_ALLOCATE],
      [options.relative, flags.VIR_STORAGE_VOL_RESIZE_DELTA],
    )
    return this.#client.call(
      procedures.volumeResize,
      { vol: this.#ref, capacity: capacityBytes, flags: wanted },
      options,
    )
  }

  delete(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.volumeDelete, { vol: this.#ref, flags: 0 }, options)
  }

  upload(source: Source<Uint8Array>, options?: TransferOptions): Promise<number>
  upload(source: Source<Uint8Array | Hole>, options: SparseTransferOptions): Promise<number>
  upload(source: Source<Uint8Array | Hole>, options: TransferOptions | SparseTransferOptions = {}): Promise<number> {
    return upload(this.#client, this.#ref, source, options)
  }

  download(options?: TransferOptions): AsyncIterable<Uint8Array>
  download(options: SparseTransferOptions): AsyncIterable<Uint8Array | Hole>
  download(options: TransferOptions | SparseTransferOptions = {}): AsyncIterable<Uint8Array | Hole> {
    return download(this.#client, this.#ref, options)
  }

  get #ref(): VolumeRef {
    return { pool: this.pool, name: this.name, key: this.key }
  }
}
