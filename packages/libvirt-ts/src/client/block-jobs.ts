import type { CallOptions } from '../api.ts'
import type { BlockCommitOptions, BlockJobInfo, BlockRebaseOptions, DomainBlockJobs } from '../api/block-jobs.ts'
import { blockJobTypes, nameOf } from '../rpc/enums.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import { DomainSavingCalls } from './domain-saving.ts'
import { flagsOf } from './handles.ts'

export class BlockJobCalls extends DomainSavingCalls implements DomainBlockJobs {
  blockCommit(disk: string, options: BlockCommitOptions = {}): Promise<void> {
    const { base, top, bandwidthBytes } = options
    const wanted = flagsOf(
      [options.shallow, flags.VIR_DOMAIN_BLOCK_COMMIT_SHALLOW],
      [options.deleteFiles, flags.VIR_DOMAIN_BLOCK_COMMIT_DELETE],
      [options.active, flags.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE],
      [options.relative, flags.VIR_DOMAIN_BLOCK_COMMIT_RELATIVE],
      [bandwidthBytes !== undefined, flags.VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES],
    )
    const args = { dom: this.ref, disk, base, top, bandwidth: bandwidthBytes ?? 0, flags: wanted }
    return this.client.call(procedures.blockCommit, args, options)
  }

  blockRebase(disk: string, options: BlockRebaseOptions = {}): Promise<void> {
    const { base, bandwidthBytes } = options
    const wanted = flagsOf(
      [options.shallow, flags.VIR_DOMAIN_BLOCK_REBASE_SHALLOW],
      [options.reuseExternal, flags.VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT],
      [options.raw, flags.VIR_DOMAIN_BLOCK_REBASE_COPY_RAW],
      [options.copy, flags.VIR_DOMAIN_BLOCK_REBASE_COPY],
      [options.relative, flags.VIR_DOMAIN_BLOCK_REBASE_RELATIVE],
      [options.blockDevice, flags.VIR_DOMAIN_BLOCK_REBASE_COPY_DEV],
      [bandwidthBytes !== undefined, flags.VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES],
    )
    const args = { dom: this.ref, path: disk, base, bandwidth: bandwidthBytes ?? 0, flags: wanted }
    return this.client.call(procedures.blockRebase, args, options)
  }

  blockResize(disk: string, capacityBytes: number, options?: CallOptions): Promise<void> {
    const args = { dom: this.ref, disk, size: capacityBytes, flags: flags.VIR_DOMAIN_BLOCK_RESIZE_BYTES }
    return this.client.call(procedures.blockResize, args, options)
  }

  async blockJobInfo(disk: string, options?: CallOptions): Promise<BlockJobInfo | undefined> {
    const args = { dom: this.ref, path: disk, flags: flags.VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES }
    const answer = await this.client.call(procedures.blockJobGetInfo, args, options)
    if (answer.found === 0) return undefined
    const { type, bandwidth, cur, end } = answer
    return { type: nameOf(blockJobTypes, type), bandwidthBytes: bandwidth, current: cur, end }
  }

  abortBlockJob(
    disk: string,
    options: CallOptions & { readonly pivot?: boolean; readonly async?: boolean } = {},
  ): Promise<void> {
    const wanted = flagsOf(
      [options.async, flags.VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC],
      [options.pivot, flags.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT],
    )
    return this.client.call(procedures.blockJobAbort, { dom: this.ref, path: disk, flags: wanted }, options)
  }

  setBlockJobSpeed(disk: string, bandwidthBytes: number, options?: CallOptions): Promise<void> {
    const wanted = flags.VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES
    const args = { dom: this.ref, path: disk, bandwidth: bandwidthBytes, flags: wanted }
    return this.client.call(procedures.blockJobSetSpeed, args, options)
  }
}
