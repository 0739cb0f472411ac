/** Jobs that move blocks between the files of a running domain's disk. Their end comes as a `block-job` event. */
import type { CallOptions } from '../api.ts'
import type { BlockJobTypeName } from '../rpc/enums.ts'

/** How far a block job is. */
export interface BlockJobInfo {
  readonly type: BlockJobTypeName | number
  /** 0: unlimited. */
  readonly bandwidthBytes: number
  /** How far it came, in a unit of its own: done where it equals `end`. */
  readonly current: number
  readonly end: number
}

/** Which part of the chain goes down into which. */
export interface BlockCommitOptions extends CallOptions {
  /** The file that takes the blocks; unsaid, the bottom of the chain, or with `shallow` the one below `top`. */
  readonly base?: string | undefined
  /** The file whose blocks go; unsaid, the one that the guest writes to, which needs `active`. */
  readonly top?: string | undefined
  readonly bandwidthBytes?: number | undefined
  readonly shallow?: boolean | undefined
  /** Removes the files that are empty afterwards. */
  readonly deleteFiles?: boolean | undefined
  /** The guest writes on until `abortBlockJob` with `pivot` ends it. */
  readonly active?: boolean | undefined
  /** Keeps the names of backing files relative. */
  readonly relative?: boolean | undefined
}

/** Which part of the chain comes up into the disk. */
export interface BlockRebaseOptions extends CallOptions {
  /** Pull: the file that stays below (unsaid: none); copy: where the copy goes. */
  readonly base?: string | undefined
  readonly bandwidthBytes?: number | undefined
  /** Keeps the names of backing files relative. */
  readonly relative?: boolean | undefined
  /** Copies the disk to `base` instead of pulling into it. */
  readonly copy?: boolean | undefined
  /** Copy only the top file. */
  readonly shallow?: boolean | undefined
  /** The file of the copy exists. */
  readonly reuseExternal?: boolean | undefined
  /** The copy is raw. */
  readonly raw?: boolean | undefined
  /** The copy is a block device. */
  readonly blockDevice?: boolean | undefined
}

/** `disk` is a target (`vda`) or a source path. `operation-invalid` where the domain is off. */
export interface DomainBlockJobs {
  /**
   * Moves blocks down the chain. Resolves when it has begun.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockCommit
   */
  blockCommit(disk: string, options?: BlockCommitOptions): Promise<void>
  /**
   * Pulls blocks up the chain (with neither `base` nor `copy`: all, as virDomainBlockPull), or copies the disk.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockRebase
   */
  blockRebase(disk: string, options?: BlockRebaseOptions): Promise<void>
  /**
   * Makes the disk of a running domain larger.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockResize
   */
  blockResize(disk: string, capacityBytes: number, options?: CallOptions): Promise<void>
  /**
   * The job of a disk, or undefined where there is none.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetBlockJobInfo
   */
  blockJobInfo(disk: string, options?: CallOptions): Promise<BlockJobInfo | undefined>
  /**
   * Ends a job. `pivot`: a copy or active commit that is ready becomes what the guest uses (`block-copy-active` where
   * it is not ready yet); `async`: resolves before it has ended.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockJobAbort
   */
  abortBlockJob(
    disk: string,
    options?: CallOptions & { readonly pivot?: boolean; readonly async?: boolean },
  ): Promise<void>
  /**
   * 0 is unlimited.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockJobSetSpeed
   */
  setBlockJobSpeed(disk: string, bandwidthBytes: number, options?: CallOptions): Promise<void>
}
