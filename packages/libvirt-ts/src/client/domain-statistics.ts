import type { CallOptions } from '../api.ts'
import type { BlockStats, DomainInfo, DomainStatistics, InterfaceTraffic, JobInfo } from '../api/domain-statistics.ts'
import { domainStates, jobTypes, memoryStatTags, nameOf } from '../rpc/enums.ts'
import type { MemoryStatName } from '../rpc/enums.ts'
import { limits } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import { BlockJobCalls } from './block-jobs.ts'

export class DomainStatisticsCalls extends BlockJobCalls implements DomainStatistics {
  async info(options?: CallOptions): Promise<DomainInfo> {
    const { state, maxMem, memory, nrVirtCpu, cpuTime } = await this.ask(procedures.domainGetInfo, options)
    return {
      state: nameOf(domainStates, state),
      maxMemoryBytes: maxMem * 1024,
      memoryBytes: memory * 1024,
      vcpus: nrVirtCpu,
      cpuTimeMs: cpuTime / 1e6,
    }
  }

  async interfaceStats(
    device: string,
    options?: CallOptions,
  ): Promise<{ readonly received: InterfaceTraffic; readonly sent: InterfaceTraffic }> {
    const answer = await this.client.call(procedures.domainInterfaceStats, { dom: this.ref, device }, options)
    return {
      received: {
        bytes: known(answer.rx_bytes),
        packets: known(answer.rx_packets),
        errors: known(answer.rx_errs),
        drops: known(answer.rx_drop),
      },
      sent: {
        bytes: known(answer.tx_bytes),
        packets: known(answer.tx_packets),
        errors: known(answer.tx_errs),
        drops: known(answer.tx_drop),
      },
    }
  }

  async blockStats(disk: string, options?: CallOptions): Promise<BlockStats> {
    const answer = await this.client.call(procedures.domainBlockStats, { dom: this.ref, path: disk }, options)
    return {
      readRequests: known(answer.rd_req),
      readBytes: known(answer.rd_bytes),
      writeRequests: known(answer.wr_req),
      writeBytes: known(answer.wr_bytes),
      errors: known(answer.errs),
    }
  }

  async memoryStats(options?: CallOptions): Promise<ReadonlyMap<MemoryStatName | number, number>> {
    const args = { dom: this.ref, maxStats: limits.REMOTE_DOMAIN_MEMORY_STATS_MAX, flags: 0 }
    const { stats } = await this.client.call(procedures.domainMemoryStats, args, options)
    return new Map(stats.map(({ tag, val }) => [nameOf(memoryStatTags, tag), val]))
  }

  async jobInfo(options?: CallOptions): Promise<JobInfo> {
    const answer = await this.ask(procedures.domainGetJobInfo, options)
    return {
      type: nameOf(jobTypes, answer.type),
      elapsedMs: answer.timeElapsed,
      remainingMs: answer.timeRemaining,
      totalBytes: answer.dataTotal,
      processedBytes: answer.dataProcessed,
      remainingBytes: answer.dataRemaining,
    }
  }

  abortJob(options?: CallOptions): Promise<void> {
    return this.ask(procedures.domainAbortJob, options)
  }
}

/** libvirt says -1 for a number that the hypervisor does not count. */
function known(value: number): number | undefined {
  return value < 0 ? undefined : value
}
