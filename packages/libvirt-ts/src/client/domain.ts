import type {
  BlockInfo,
  CallOptions,
  ConsoleStream,
  DeviceChangeOptions,
  Domain,
  DomainState,
  DomainStateReason,
  InterfaceAddress,
  MetadataScope,
  OpenChannelOptions,
  OpenConsoleOptions,
  Screenshot,
  SetMetadataRequest,
  SendKeyOptions,
  ShutdownOptions,
  UndefineOptions,
} from '../api.ts'
import type { CreateSnapshotOptions, DomainSnapshot, ListSnapshotsFilter } from '../api/snapshots.ts'
import { isNoMetadata } from '../errors.ts'
import { addressFamilies, domainStateReasons, domainStates, keycodeSets, nameOf } from '../rpc/enums.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import { openChannel, openConsole } from './console.ts'
import type { DomainRef } from './domain-handle.ts'
import { DomainStatisticsCalls } from './domain-statistics.ts'
import { flagsOf } from './handles.ts'
import { createFlags, orUndefined, RemoteSnapshot } from './snapshot.ts'
import { takeScreenshot } from './screenshot.ts'

type AmountOptions = CallOptions & { readonly maximum?: boolean; readonly scope?: MetadataScope }

type DeviceProcedure = Procedure<{ readonly dom: DomainRef; readonly xml: string; readonly flags: number }, void>

export class RemoteDomain extends DomainStatisticsCalls implements Domain {
  async create(
    options: CallOptions & { readonly paused?: boolean; readonly resetNvram?: boolean } = {},
  ): Promise<void> {
    const wanted = flagsOf(
      [options.paused, flags.VIR_DOMAIN_START_PAUSED],
      [options.resetNvram, flags.VIR_DOMAIN_START_RESET_NVRAM],
    )
    const { dom } = await this.askWith(procedures.domainCreate, wanted, options)
    this.saw(dom.id)
  }

  resume(options?: CallOptions): Promise<void> {
    return this.client.call(procedures.domainResume, { dom: this.ref }, options)
  }

  suspend(options?: CallOptions): Promise<void> {
    return this.client.call(procedures.domainSuspend, { dom: this.ref }, options)
  }

  shutdown(options: ShutdownOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.method === 'acpi', flags.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN],
      [options.method === 'agent', flags.VIR_DOMAIN_SHUTDOWN_GUEST_AGENT],
    )
    return this.askWith(procedures.domainShutdown, wanted, options)
  }

  reboot(options: ShutdownOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.method === 'acpi', flags.VIR_DOMAIN_REBOOT_ACPI_POWER_BTN],
      [options.method === 'agent', flags.VIR_DOMAIN_REBOOT_GUEST_AGENT],
    )
    return this.askWith(procedures.domainReboot, wanted, options)
  }

  reset(options?: CallOptions): Promise<void> {
    return this.askWith(procedures.domainReset, 0, options)
  }

  async destroy(options: CallOptions & { readonly graceful?: boolean } = {}): Promise<void> {
    const wanted = flagsOf([options.graceful, flags.VIR_DOMAIN_DESTROY_GRACEFUL])
    await this.askWith(procedures.domainDestroy, wanted, options)
    this.saw(-1)
  }

  undefine(options: UndefineOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.nvram === true, flags.VIR_DOMAIN_UNDEFINE_NVRAM],
      [options.nvram === false, flags.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM],
      [options.tpm === true, flags.VIR_DOMAIN_UNDEFINE_TPM],
      [options.tpm === false, flags.VIR_DOMAIN_UNDEFINE_KEEP_TPM],
      [options.managedSave, flags.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE],
      [options.snapshotsMetadata, flags.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA],
      [options.checkpointsMetadata, flags.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA],
    )
    return this.askWith(procedures.domainUndefine, wanted, options)
  }

  async state(options?: CallOptions): Promise<DomainState> {
    const answer = await this.askWith(procedures.domainGetState, 0, options)
    const state = nameOf(domainStates, answer.state)
    if (typeof state === 'number') return { state, reason: answer.reason }
    const reasons: Partial<Record<DomainStateReason, number>> = domainStateReasons[state]
    return { state, reason: nameOf(reasons, answer.reason) }
  }

  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.client.call(procedures.domainIsActive, { dom: this.ref }, options)).active !== 0
  }

  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.client.call(procedures.domainIsPersistent, { dom: this.ref }, options)).persistent !== 0
  }

  async xml(options: CallOptions & { readonly inactive?: boolean; readonly secure?: boolean } = {}): Promise<string> {
    const wanted = flagsOf(
      [options.inactive, flags.VIR_DOMAIN_XML_INACTIVE],
      [options.secure, flags.VIR_DOMAIN_XML_SECURE],
    )
    return (await this.askWith(procedures.domainGetXml, wanted, options)).xml
  }

  async metadata(
    uri: string,
    options: CallOptions & { readonly scope?: MetadataScope } = {},
  ): Promise<string | undefined> {
    const args = { dom: this.ref, type: flags.VIR_DOMAIN_METADATA_ELEMENT, uri, flags: scopeFlags(options.scope) }
    try {
      return (await this.client.call(procedures.domainGetMetadata, args, options)).metadata
    } catch (error) {
      if (isNoMetadata(error)) return undefined
      throw error
    }
  }

  setMetadata(request: SetMetadataRequest, options?: CallOptions): Promise<void> {
    return this.client.call(
      procedures.domainSetMetadata,
      {
        dom: this.ref,
        type: flags.VIR_DOMAIN_METADATA_ELEMENT,
        metadata: request.xml,
        key: request.prefix,
        uri: request.uri,
        flags: scopeFlags(request.scope),
      },
      options,
    )
  }

  screenshot(options: CallOptions & { readonly screen?: number } = {}): Promise<Screenshot> {
    return takeScreenshot(this.client, this.ref, options)
  }

  openConsole(options: OpenConsoleOptions = {}): Promise<ConsoleStream> {
    return openConsole(this.client, this.ref, options)
  }

  attachDevice(xml: string, options?: DeviceChangeOptions): Promise<void> {
    return this.#changeDevice(procedures.domainAttachDevice, xml, options)
  }

  updateDevice(xml: string, options?: DeviceChangeOptions): Promise<void> {
    return this.#changeDevice(procedures.domainUpdateDevice, xml, options)
  }

  detachDevice(xml: string, options?: DeviceChangeOptions): Promise<void> {
    return this.#changeDevice(procedures.domainDetachDevice, xml, options)
  }

  async blockInfo(path: string, options?: CallOptions): Promise<BlockInfo> {
    const answer = await this.client.call(procedures.domainGetBlockInfo, { dom: this.ref, path, flags: 0 }, options)
    return {
      capacityBytes: answer.capacity,
      allocationBytes: answer.allocation,
      physicalBytes: answer.physical,
    }
  }

  async interfaceAddresses(source: 'lease' | 'agent' | 'arp', options?: CallOptions): Promise<InterfaceAddress[]> {
    const args = { dom: this.ref, source: addressSources[source], flags: 0 }
    const { ifaces } = await this.client.call(procedures.domainInterfaceAddresses, args, options)
    return ifaces.map((entry) => ({
      interface: entry.name,
      mac: entry.hwaddr,
      addresses: entry.addrs.map(({ type, addr, prefix }) => ({
        family: nameOf(addressFamilies, type),
        address: addr,
        prefixLength: prefix,
      })),
    }))
  }

  async monitorCommand(command: string, options: CallOptions & { readonly hmp?: boolean } = {}): Promise<string> {
    const wanted = flagsOf([options.hmp, flags.VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP])
    const args = { dom: this.ref, cmd: command, flags: wanted }
    return (await this.client.call(procedures.qemuMonitorCommand, args, options)).result
  }

  sendKey(keycodes: readonly number[], options: SendKeyOptions = {}): Promise<void> {
    const { codeset = 'linux', holdMs = 0 } = options
    const args = { dom: this.ref, codeset: keycodeSets[codeset], holdtime: holdMs, keycodes, flags: 0 }
    return this.client.call(procedures.domainSendKey, args, options)
  }

  openChannel(name?: string, options: OpenChannelOptions = {}): Promise<ConsoleStream> {
    return openChannel(this.client, this.ref, name, options)
  }

  async rename(name: string, options?: CallOptions): Promise<Domain> {
    await this.client.call(procedures.domainRename, { dom: this.ref, new_name: name, flags: 0 }, options)
    return new RemoteDomain(this.client, { ...this.ref, name })
  }

  async autostart(options?: CallOptions): Promise<boolean> {
    return (await this.ask(procedures.domainGetAutostart, options)).autostart !== 0
  }

  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void> {
    const args = { dom: this.ref, autostart: Number(isAutostart) }
    return this.client.call(procedures.domainSetAutostart, args, options)
  }

  async vcpus(options: AmountOptions = {}): Promise<number> {
    const wanted = scopeFlags(options.scope) | flagsOf([options.maximum, flags.VIR_DOMAIN_VCPU_MAXIMUM])
    return (await this.askWith(procedures.domainGetVcpus, wanted, options)).num
  }

  setVcpus(count: number, options: AmountOptions = {}): Promise<void> {
    const wanted = scopeFlags(options.scope) | flagsOf([options.maximum, flags.VIR_DOMAIN_VCPU_MAXIMUM])
    return this.client.call(procedures.domainSetVcpus, { dom: this.ref, nvcpus: count, flags: wanted }, options)
  }

  async maxMemoryBytes(options?: CallOptions): Promise<number> {
    return (await this.ask(procedures.domainGetMaxMemory, options)).memory * 1024
  }

  setMemory(bytes: number, options: AmountOptions = {}): Promise<void> {
    const wanted = scopeFlags(options.scope) | flagsOf([options.maximum, flags.VIR_DOMAIN_MEM_MAXIMUM])
    const args = { dom: this.ref, memory: Math.ceil(bytes / 1024), flags: wanted }
    return this.client.call(procedures.domainSetMemory, args, options)
  }

  async guestTimeMs(options?: CallOptions): Promise<number> {
    const { seconds, nseconds } = await this.askWith(procedures.domainGetTime, 0, options)
    return seconds * 1000 + nseconds / 1e6
  }

  setGuestTimeMs(timeMs: number, options?: CallOptions): Promise<void> {
    const seconds = Math.floor(timeMs / 1000)
    const nseconds = Math.round((timeMs - seconds * 1000) * 1e6)
    return this.client.call(procedures.domainSetTime, { dom: this.ref, seconds, nseconds, flags: 0 }, options)
  }

  async guestHostname(options: CallOptions & { readonly source?: 'lease' | 'agent' } = {}): Promise<string> {
    const wanted = flagsOf(
      [options.source === 'lease', flags.VIR_DOMAIN_GET_HOSTNAME_LEASE],
      [options.source === 'agent', flags.VIR_DOMAIN_GET_HOSTNAME_AGENT],
    )
    return (await this.askWith(procedures.domainGetHostname, wanted, options)).hostname
  }

  async agentCommand(command: string, options: CallOptions & { readonly timeoutMs?: number } = {}): Promise<string> {
    const { timeoutMs } = options
    const timeout = timeoutMs === undefined ? flags.VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT : Math.ceil(timeoutMs / 1000)
    const args = { dom: this.ref, cmd: command, timeout, flags: 0 }
    const { result } = await this.client.call(procedures.qemuAgentCommand, args, options)
    return result ?? ''
  }

  async createSnapshot(xml: string, options: CreateSnapshotOptions = {}): Promise<DomainSnapshot> {
    const args = { dom: this.ref, xml_desc: xml, flags: createFlags(options) }
    return this.#snapshot((await this.client.call(procedures.snapshotCreateXml, args, options)).snap)
  }

  async listSnapshots(filter: ListSnapshotsFilter = {}, options?: CallOptions): Promise<DomainSnapshot[]> {
    const wanted = flagsOf(
      [true, flags.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL],
      [filter.roots, flags.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS],
      [filter.leaves === true, flags.VIR_DOMAIN_SNAPSHOT_LIST_LEAVES],
      [filter.leaves === false, flags.VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES],
      [filter.metadata === true, flags.VIR_DOMAIN_SNAPSHOT_LIST_METADATA],
      [filter.metadata === false, flags.VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA],
    )
    const args = { dom: this.ref, need_results: 1, flags: wanted }
    const { snapshots } = await this.client.call(procedures.snapshotListAll, args, options)
    return snapshots.map((ref) => this.#snapshot(ref))
  }

  async lookupSnapshot(name: string, options?: CallOptions): Promise<DomainSnapshot> {
    const args = { dom: this.ref, name, flags: 0 }
    return this.#snapshot((await this.client.call(procedures.snapshotLookupByName, args, options)).snap)
  }

  async currentSnapshot(options?: CallOptions): Promise<DomainSnapshot | undefined> {
    const answer = await orUndefined(this.askWith(procedures.snapshotCurrent, 0, options))
    return answer && this.#snapshot(answer.snap)
  }

  #snapshot(ref: { readonly name: string; readonly dom: DomainRef }): DomainSnapshot {
    return new RemoteSnapshot(this.client, this, ref)
  }

  #changeDevice(procedure: DeviceProcedure, xml: string, options: DeviceChangeOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.live, flags.VIR_DOMAIN_AFFECT_LIVE],
      [options.config, flags.VIR_DOMAIN_AFFECT_CONFIG],
      [options.force, flags.VIR_DOMAIN_DEVICE_MODIFY_FORCE],
    )
    return this.client.call(procedure, { dom: this.ref, xml, flags: wanted }, options)
  }
}

const addressSources = {
  lease: flags.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
  agent: flags.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
  arp: flags.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
} as const

const scopes: Readonly<Record<MetadataScope, number>> = {
  current: flags.VIR_DOMAIN_AFFECT_CURRENT,
  config: flags.VIR_DOMAIN_AFFECT_CONFIG,
  live: flags.VIR_DOMAIN_AFFECT_LIVE,
  both: flags.VIR_DOMAIN_AFFECT_CONFIG | flags.VIR_DOMAIN_AFFECT_LIVE,
}

function scopeFlags(scope: MetadataScope = 'current'): number {
  return scopes[scope]
}
