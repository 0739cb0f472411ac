/** Calls about jobs that move blocks between the files of a running disk. */
import { int, nothing, optionalString, string, struct, uhyper, uint } from '../codec.ts'
import { domainRef, remote } from '../shapes.ts'

export const blockJobCalls = {
  blockCommit: remote(
    'DOMAIN_BLOCK_COMMIT',
    290,
    struct('remote_domain_block_commit_args', {
      dom: domainRef,
      disk: string,
      base: optionalString,
      top: optionalString,
      bandwidth: uhyper,
      flags: uint,
    }),
    nothing,
  ),
  blockRebase: remote(
    'DOMAIN_BLOCK_REBASE',
    266,
    struct('remote_domain_block_rebase_args', {
      dom: domainRef,
      path: string,
      base: optionalString,
      bandwidth: uhyper,
      flags: uint,
    }),
    nothing,
  ),
  blockResize: remote(
    'DOMAIN_BLOCK_RESIZE',
    251,
    struct('remote_domain_block_resize_args', { dom: domainRef, disk: string, size: uhyper, flags: uint }),
    nothing,
  ),
  blockJobGetInfo: remote(
    'DOMAIN_GET_BLOCK_JOB_INFO',
    238,
    struct('remote_domain_get_block_job_info_args', { dom: domainRef, path: string, flags: uint }),
    struct('remote_domain_get_block_job_info_ret', {
      found: int,
      type: int,
      bandwidth: uhyper,
      cur: uhyper,
      end: uhyper,
    }),
  ),
  blockJobAbort: remote(
    'DOMAIN_BLOCK_JOB_ABORT',
    237,
    struct('remote_domain_block_job_abort_args', { dom: domainRef, path: string, flags: uint }),
    nothing,
  ),
  blockJobSetSpeed: remote(
    'DOMAIN_BLOCK_JOB_SET_SPEED',
    239,
    struct('remote_domain_block_job_set_speed_args', { dom: domainRef, path: string, bandwidth: uhyper, flags: uint }),
    nothing,
  ),
} as const
