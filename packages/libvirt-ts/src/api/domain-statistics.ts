/** Numbers about a domain. Those that the hypervisor does not know are undefined. */
import type { CallOptions, DomainState } from '../api.ts'
import type { JobTypeName, MemoryStatName } from '../rpc/enums.ts'

/** What a domain has and has used. */
export interface DomainInfo {
  readonly state: DomainState['state']
  readonly maxMemoryBytes: number
  readonly memoryBytes: number
  readonly vcpus: number
  readonly cpuTimeMs: number
}

/** One direction of a network interface, since the domain's start. */
export interface InterfaceTraffic {
  readonly bytes: number | undefined
  readonly packets: number | undefined
  readonly errors: number | undefined
  readonly drops: number | undefined
}

/** What a disk has done since the domain's start. */
export interface BlockStats {
  readonly readRequests: number | undefined
  readonly readBytes: number | undefined
  readonly writeRequests: number | undefined
  readonly writeBytes: number | undefined
  readonly errors: number | undefined
}

/** A long operation under way. */
export interface JobInfo {
  readonly type: JobTypeName | number
  readonly elapsedMs: number
  /** 0 where it is not known. */
  readonly remainingMs: number
  readonly totalBytes: number
  readonly processedBytes: number
  readonly remainingBytes: number
}

/** What a domain counts. */
export interface DomainStatistics {
  /** https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetInfo */
  info(options?: CallOptions): Promise<DomainInfo>
  /**
   * `device` is the host's name of the interface (`vnet0`) or its MAC address.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainInterfaceStats
   */
  interfaceStats(
    device: string,
    options?: CallOptions,
  ): Promise<{ readonly received: InterfaceTraffic; readonly sent: InterfaceTraffic }>
  /**
   * `disk` is a target (`vda`) or source path; empty: all disks together.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainBlockStats
   */
  blockStats(disk: string, options?: CallOptions): Promise<BlockStats>
  /**
   * As libvirt counts: memory in KiB, faults and pages as counts, `last-update` in seconds since 1970. What is newer
   * than this version comes under its number.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainMemoryStats
   */
  memoryStats(options?: CallOptions): Promise<ReadonlyMap<MemoryStatName | number, number>>
  /**
   * The save, dump or migration under way; `type` is `none` where there is none.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetJobInfo
   */
  jobInfo(options?: CallOptions): Promise<JobInfo>
  /** Ends it. https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainAbortJob */
  abortJob(options?: CallOptions): Promise<void>
}
