/**
 * What goes into volumes and comes out of them.
 */
import type { CallOptions } from '../api.ts'

/** Which part of a volume is sent or read. */
export interface TransferOptions extends CallOptions {
  /** Where in the volume, default 0. */
  readonly offsetBytes?: number | undefined
  /** How much, default: to the end. Holes count as the zeros that they stand for. */
  readonly lengthBytes?: number | undefined
  /** Called with the bytes so far, after each chunk. */
  readonly onProgress?: ((transferredBytes: number) => void) | undefined
}

/** Zeros that take no room in a sparse file, said as their number. */
export interface Hole {
  readonly holeBytes: number
}

/** A transfer in which runs of zeros are not sent. */
export interface SparseTransferOptions extends TransferOptions {
  /** Needs libvirt 3.4 at the other end; an older daemon refuses it (`invalid-arg`). */
  readonly sparse: true
}

/** What an upload takes from. */
export type Source<T> = AsyncIterable<T> | Iterable<T>
