/** Messages that the daemon sends by itself: libvirt's name, the number and the structure of each. */
import { array, hyper, int, optionalString, string, struct, uhyper, uint } from './codec.ts'
import type { Codec } from './codec.ts'
import { programs } from './limits.ts'
import { domainRef, networkRef, poolRef, typedParam } from './shapes.ts'

export interface EventMessage<M> {
  readonly program: number
  /** libvirt's name without `REMOTE_PROC_`. */
  readonly name: string
  readonly number: number
  readonly message: Codec<M>
}

function event<M>(name: string, number: number, message: Codec<M>): EventMessage<M> {
  return { program: programs.REMOTE_PROGRAM, name, number, message }
}

/**
 * Every kind that libvirt 9.0 sends, but for two older forms of the same news: `IO_ERROR` (`IO_ERROR_REASON` says more)
 * and `BLOCK_JOB` (`BLOCK_JOB_2` names the disk and not its file).
 */
export const events = {
  domainLifecycle: event(
    'DOMAIN_EVENT_CALLBACK_LIFECYCLE',
    318,
    struct('remote_domain_event_callback_lifecycle_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_lifecycle_msg', { dom: domainRef, event: int, detail: int }),
    }),
  ),
  domainReboot: event(
    'DOMAIN_EVENT_CALLBACK_REBOOT',
    319,
    struct('remote_domain_event_callback_reboot_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_reboot_msg', { dom: domainRef }),
    }),
  ),
  domainRtcChange: event(
    'DOMAIN_EVENT_CALLBACK_RTC_CHANGE',
    320,
    struct('remote_domain_event_callback_rtc_change_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_rtc_change_msg', { dom: domainRef, offset: hyper }),
    }),
  ),
  domainWatchdog: event(
    'DOMAIN_EVENT_CALLBACK_WATCHDOG',
    321,
    struct('remote_domain_event_callback_watchdog_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_watchdog_msg', { dom: domainRef, action: int }),
    }),
  ),
  domainIoErrorReason: event(
    'DOMAIN_EVENT_CALLBACK_IO_ERROR_REASON',
    324,
    struct('remote_domain_event_callback_io_error_reason_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_io_error_reason_msg', {
        dom: domainRef,
        srcPath: string,
        devAlias: string,
        action: int,
        reason: string,
      }),
    }),
  ),
  domainGraphics: event(
    'DOMAIN_EVENT_CALLBACK_GRAPHICS',
    323,
    struct('remote_domain_event_callback_graphics_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_graphics_msg', {
        dom: domainRef,
        phase: int,
        local: struct('remote_domain_event_graphics_address', { family: int, node: string, service: string }),
        remote: struct('remote_domain_event_graphics_address', { family: int, node: string, service: string }),
        authScheme: string,
        subject: array(
          struct('remote_domain_event_graphics_identity', { type: string, name: string }),
          'REMOTE_DOMAIN_EVENT_GRAPHICS_IDENTITY_MAX',
        ),
      }),
    }),
  ),
  domainControlError: event(
    'DOMAIN_EVENT_CALLBACK_CONTROL_ERROR',
    325,
    struct('remote_domain_event_callback_control_error_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_control_error_msg', { dom: domainRef }),
    }),
  ),
  domainDiskChange: event(
    'DOMAIN_EVENT_CALLBACK_DISK_CHANGE',
    327,
    struct('remote_domain_event_callback_disk_change_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_disk_change_msg', {
        dom: domainRef,
        oldSrcPath: optionalString,
        newSrcPath: optionalString,
        devAlias: string,
        reason: int,
      }),
    }),
  ),
  domainTrayChange: event(
    'DOMAIN_EVENT_CALLBACK_TRAY_CHANGE',
    328,
    struct('remote_domain_event_callback_tray_change_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_tray_change_msg', { dom: domainRef, devAlias: string, reason: int }),
    }),
  ),
  domainPmwakeup: event(
    'DOMAIN_EVENT_CALLBACK_PMWAKEUP',
    329,
    struct('remote_domain_event_callback_pmwakeup_msg', {
      callbackID: int,
      reason: int,
      msg: struct('remote_domain_event_pmwakeup_msg', { dom: domainRef }),
    }),
  ),
  domainPmsuspend: event(
    'DOMAIN_EVENT_CALLBACK_PMSUSPEND',
    330,
    struct('remote_domain_event_callback_pmsuspend_msg', {
      callbackID: int,
      reason: int,
      msg: struct('remote_domain_event_pmsuspend_msg', { dom: domainRef }),
    }),
  ),
  domainBalloonChange: event(
    'DOMAIN_EVENT_CALLBACK_BALLOON_CHANGE',
    331,
    struct('remote_domain_event_callback_balloon_change_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_balloon_change_msg', { dom: domainRef, actual: uhyper }),
    }),
  ),
  domainPmsuspendDisk: event(
    'DOMAIN_EVENT_CALLBACK_PMSUSPEND_DISK',
    332,
    struct('remote_domain_event_callback_pmsuspend_disk_msg', {
      callbackID: int,
      reason: int,
      msg: struct('remote_domain_event_pmsuspend_disk_msg', { dom: domainRef }),
    }),
  ),
  domainDeviceRemoved: event(
    'DOMAIN_EVENT_CALLBACK_DEVICE_REMOVED',
    333,
    struct('remote_domain_event_callback_device_removed_msg', {
      callbackID: int,
      msg: struct('remote_domain_event_device_removed_msg', { dom: domainRef, devAlias: string }),
    }),
  ),
  domainTunable: event(
    'DOMAIN_EVENT_CALLBACK_TUNABLE',
    346,
    struct('remote_domain_event_callback_tunable_msg', {
      callbackID: int,
      dom: domainRef,
      params: array(typedParam, 'REMOTE_DOMAIN_EVENT_TUNABLE_MAX'),
    }),
  ),
  domainAgentLifecycle: event(
    'DOMAIN_EVENT_CALLBACK_AGENT_LIFECYCLE',
    348,
    struct('remote_domain_event_callback_agent_lifecycle_msg', {
      callbackID: int,
      dom: domainRef,
      state: int,
      reason: int,
    }),
  ),
  domainDeviceAdded: event(
    'DOMAIN_EVENT_CALLBACK_DEVICE_ADDED',
    354,
    struct('remote_domain_event_callback_device_added_msg', { callbackID: int, dom: domainRef, devAlias: string }),
  ),
  domainMigrationIteration: event(
    'DOMAIN_EVENT_CALLBACK_MIGRATION_ITERATION',
    359,
    struct('remote_domain_event_callback_migration_iteration_msg', { callbackID: int, dom: domainRef, iteration: int }),
  ),
  domainJobCompleted: event(
    'DOMAIN_EVENT_CALLBACK_JOB_COMPLETED',
    363,
    struct('remote_domain_event_callback_job_completed_msg', {
      callbackID: int,
      dom: domainRef,
      params: array(typedParam, 'REMOTE_DOMAIN_JOB_STATS_MAX'),
    }),
  ),
  domainDeviceRemovalFailed: event(
    'DOMAIN_EVENT_CALLBACK_DEVICE_REMOVAL_FAILED',
    367,
    struct('remote_domain_event_callback_device_removal_failed_msg', {
      callbackID: int,
      dom: domainRef,
      devAlias: string,
    }),
  ),
  domainMetadataChange: event(
    'DOMAIN_EVENT_CALLBACK_METADATA_CHANGE',
    379,
    struct('remote_domain_event_callback_metadata_change_msg', {
      callbackID: int,
      dom: domainRef,
      type: int,
      nsuri: optionalString,
    }),
  ),
  domainBlockJob2: event(
    'DOMAIN_EVENT_BLOCK_JOB_2',
    339,
    struct('remote_domain_event_block_job_2_msg', {
      callbackID: int,
      dom: domainRef,
      dst: string,
      type: int,
      status: int,
    }),
  ),
  domainBlockThreshold: event(
    'DOMAIN_EVENT_BLOCK_THRESHOLD',
    385,
    struct('remote_domain_event_block_threshold_msg', {
      callbackID: int,
      dom: domainRef,
      dev: string,
      path: optionalString,
      threshold: uhyper,
      excess: uhyper,
    }),
  ),
  domainMemoryFailure: event(
    'DOMAIN_EVENT_MEMORY_FAILURE',
    423,
    struct('remote_domain_event_memory_failure_msg', {
      callbackID: int,
      dom: domainRef,
      recipient: int,
      action: int,
      flags: uint,
    }),
  ),
  domainMemoryDeviceSizeChange: event(
    'DOMAIN_EVENT_MEMORY_DEVICE_SIZE_CHANGE',
    438,
    struct('remote_domain_event_memory_device_size_change_msg', {
      callbackID: int,
      dom: domainRef,
      alias: string,
      size: uhyper,
    }),
  ),
  networkLifecycle: event(
    'NETWORK_EVENT_LIFECYCLE',
    315,
    struct('remote_network_event_lifecycle_msg', { callbackID: int, net: networkRef, event: int, detail: int }),
  ),
  poolLifecycle: event(
    'STORAGE_POOL_EVENT_LIFECYCLE',
    370,
    struct('remote_storage_pool_event_lifecycle_msg', { callbackID: int, pool: poolRef, event: int, detail: int }),
  ),
  poolRefresh: event(
    'STORAGE_POOL_EVENT_REFRESH',
    373,
    struct('remote_storage_pool_event_refresh_msg', { callbackID: int, pool: poolRef }),
  ),
} as const
