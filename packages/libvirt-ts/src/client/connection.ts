import type {
  CallOptions,
  Connection,
  Domain,
  DomainCapabilitiesQuery,
  DomainEventListener,
  EventIterator,
  EventKind,
  HostInterface,
  LibvirtEvents,
  ListNetworksFilter,
  ListDomainsFilter,
  Network,
  NodeInfo,
  RestoreOptions,
  ResumeState,
  StoragePool,
  StorageVolume,
  Unsubscribe,
} from '../api.ts'
import type { RpcChannel } from '../rpc/channel.ts'
import { flags, limits } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import { versionText } from '../rpc/unknown-procedure.ts'
import { saveFlags } from './domain-saving.ts'
import { RemoteDomain } from './domain.ts'
import { Events } from './events.ts'
import { flagsOf } from './handles.ts'
import type { Client, OpenChannelOptions } from './handles.ts'
import { RemoteNetwork } from './network.ts'
import { RemotePool } from './pool.ts'
import { RemoteVolume } from './volume.ts'

export interface ConnectionParts {
  readonly uri: string
  readonly channel: RpcChannel
  readonly openChannel: (options: OpenChannelOptions) => Promise<RpcChannel>
}

const listEverything = { need_results: 1, flags: 0 } as const

export class RemoteConnection implements Connection {
  readonly uri: string
  readonly closed: Promise<Error | undefined>
  readonly #client: Client
  readonly #events: Events

  constructor({ uri, channel, openChannel }: ConnectionParts) {
    this.uri = uri
    this.closed = channel.closed
    this.#client = { channel, openChannel, call: (procedure, args, options) => channel.call(procedure, args, options) }
    this.#events = new Events(this.#client)
  }

  get isOpen(): boolean {
    return this.#client.channel.isOpen
  }

  close(): Promise<void> {
    return this.#client.channel.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async hostname(options?: CallOptions): Promise<string> {
    return (await this.#ask(procedures.connectGetHostname, options)).hostname
  }

  async libraryVersion(options?: CallOptions): Promise<string> {
    return versionText((await this.#ask(procedures.connectGetLibVersion, options)).lib_ver)
  }

  async hypervisorVersion(options?: CallOptions): Promise<string> {
    return versionText((await this.#ask(procedures.connectGetVersion, options)).hv_ver)
  }

  async hypervisorType(options?: CallOptions): Promise<string> {
    return (await this.#ask(procedures.connectGetType, options)).type
  }

  async remoteUri(options?: CallOptions): Promise<string> {
    return (await this.#ask(procedures.connectGetUri, options)).uri
  }

  async capabilities(options?: CallOptions): Promise<string> {
    return (await this.#ask(procedures.connectGetCapabilities, options)).capabilities
  }

  async domainCapabilities(query: DomainCapabilitiesQuery = {}, options?: CallOptions): Promise<string> {
    const { arch, machine, virtType: virttype, emulator: emulatorbin } = query
    const args = { emulatorbin, arch, machine, virttype, flags: 0 }
    return (await this.#client.call(procedures.connectGetDomainCapabilities, args, options)).capabilities
  }

  async nodeInfo(options?: CallOptions): Promise<NodeInfo> {
    const { model, memory, nodes, ...counts } = await this.#ask(procedures.nodeGetInfo, options)
    return { ...counts, cpuModel: model, memoryBytes: memory * 1024, numaNodes: nodes }
  }

  async nodeFreeMemoryBytes(options?: CallOptions): Promise<number> {
    return (await this.#ask(procedures.nodeGetFreeMemory, options)).freeMem
  }

  async nodeMemoryStats(
    options: CallOptions & { readonly numaNode?: number } = {},
  ): Promise<Readonly<Record<string, number>>> {
    const cellNum = options.numaNode ?? flags.VIR_NODE_MEMORY_STATS_ALL_CELLS
    const args = { nparams: limits.REMOTE_NODE_MEMORY_STATS_MAX, cellNum, flags: 0 }
    const { params } = await this.#client.call(procedures.nodeGetMemoryStats, args, options)
    return Object.fromEntries(params.map(({ field, value }) => [field, value * 1024]))
  }

  async nodeCpuStats(options: CallOptions & { readonly cpu?: number } = {}): Promise<Readonly<Record<string, number>>> {
    const cpuNum = options.cpu ?? flags.VIR_NODE_CPU_STATS_ALL_CPUS
    const args = { cpuNum, nparams: limits.REMOTE_NODE_CPU_STATS_MAX, flags: 0 }
    const { params } = await this.#client.call(procedures.nodeGetCpuStats, args, options)
    return Object.fromEntries(params.map(({ field, value }) => [field, value / 1e6]))
  }

  async sysinfo(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.connectGetSysinfo, { flags: 0 }, options)).sysinfo
  }

  async listNodeDevices(options?: CallOptions): Promise<string[]> {
    const { devices } = await this.#client.call(procedures.nodeDeviceListAll, listEverything, options)
    return devices.map(({ name }) => name)
  }

  async nodeDeviceXml(name: string, options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.nodeDeviceGetXml, { name, flags: 0 }, options)).xml
  }

  async listInterfaces(options?: CallOptions): Promise<HostInterface[]> {
    return [...(await this.#client.call(procedures.interfaceListAll, listEverything, options)).ifaces]
  }

  async interfaceXml({ name, mac }: HostInterface, options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.interfaceGetXml, { iface: { name, mac }, flags: 0 }, options)).xml
  }

  async listDomains(filter: ListDomainsFilter = {}, options?: CallOptions): Promise<Domain[]> {
    const wanted = flagsOf(
      [filter.active === true, flags.VIR_CONNECT_LIST_DOMAINS_ACTIVE],
      [filter.active === false, flags.VIR_CONNECT_LIST_DOMAINS_INACTIVE],
      [filter.persistent === true, flags.VIR_CONNECT_LIST_DOMAINS_PERSISTENT],
      [filter.persistent === false, flags.VIR_CONNECT_LIST_DOMAINS_TRANSIENT],
    )
    const args = { need_results: 1, flags: wanted }
    const { domains } = await this.#client.call(procedures.domainListAll, args, options)
    return domains.map((ref) => new RemoteDomain(this.#client, ref))
  }

  async lookupDomain(name: string, options?: CallOptions): Promise<Domain> {
    return new RemoteDomain(
      this.#client,
      (await this.#client.call(procedures.domainLookupByName, { name }, options)).dom,
    )
  }

  async lookupDomainByUuid(uuid: string, options?: CallOptions): Promise<Domain> {
    return new RemoteDomain(
      this.#client,
      (await this.#client.call(procedures.domainLookupByUuid, { uuid }, options)).dom,
    )
  }

  async defineDomain(xml: string, options: CallOptions & { readonly validate?: boolean } = {}): Promise<Domain> {
    const args = { xml, flags: flagsOf([options.validate, flags.VIR_DOMAIN_DEFINE_VALIDATE]) }
    return new RemoteDomain(this.#client, (await this.#client.call(procedures.domainDefineXml, args, options)).dom)
  }

  async createDomain(
    xml: string,
    options: CallOptions & { readonly paused?: boolean; readonly validate?: boolean } = {},
  ): Promise<Domain> {
    const wanted = flagsOf(
      [options.paused, flags.VIR_DOMAIN_START_PAUSED],
      [options.validate, flags.VIR_DOMAIN_START_VALIDATE],
    )
    const { dom } = await this.#client.call(procedures.domainCreateXml, { xml_desc: xml, flags: wanted }, options)
    return new RemoteDomain(this.#client, dom)
  }

  restoreDomain(path: string, options: RestoreOptions = {}): Promise<void> {
    const args = { from: path, dxml: options.xml, flags: saveFlags(options) }
    return this.#client.call(procedures.domainRestore, args, options)
  }

  async saveImageXml(path: string, options: CallOptions & { readonly secure?: boolean } = {}): Promise<string> {
    const wanted = flagsOf([options.secure, flags.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE])
    return (await this.#client.call(procedures.saveImageGetXml, { file: path, flags: wanted }, options)).xml
  }

  defineSaveImage(path: string, xml: string, options: CallOptions & ResumeState = {}): Promise<void> {
    const args = { file: path, dxml: xml, flags: saveFlags(options) }
    return this.#client.call(procedures.saveImageDefineXml, args, options)
  }

  onDomainEvent(listener: DomainEventListener, options?: CallOptions): Promise<Unsubscribe> {
    return this.subscribe('domain-lifecycle', listener, options)
  }

  subscribe<K extends EventKind>(
    kind: K,
    listener: (event: LibvirtEvents[K]) => void,
    options?: CallOptions,
  ): Promise<Unsubscribe> {
    return this.#events.subscribe(kind, listener, options)
  }

  events<K extends EventKind>(kind: K, options?: CallOptions): Promise<EventIterator<LibvirtEvents[K]>> {
    return this.#events.events(kind, options)
  }

  async listPools(options?: CallOptions): Promise<StoragePool[]> {
    const { pools } = await this.#client.call(procedures.poolListAll, listEverything, options)
    return pools.map((ref) => new RemotePool(this.#client, ref))
  }

  async lookupPool(name: string, options?: CallOptions): Promise<StoragePool> {
    return new RemotePool(this.#client, (await this.#client.call(procedures.poolLookupByName, { name }, options)).pool)
  }

  async lookupPoolByUuid(uuid: string, options?: CallOptions): Promise<StoragePool> {
    return new RemotePool(this.#client, (await this.#client.call(procedures.poolLookupByUuid, { uuid }, options)).pool)
  }

  async lookupPoolByTargetPath(path: string, options?: CallOptions): Promise<StoragePool> {
    const { pool } = await this.#client.call(procedures.poolLookupByTargetPath, { path }, options)
    return new RemotePool(this.#client, pool)
  }

  async definePool(xml: string, options?: CallOptions): Promise<StoragePool> {
    const { pool } = await this.#client.call(procedures.poolDefineXml, { xml, flags: 0 }, options)
    return new RemotePool(this.#client, pool)
  }

  async createPool(xml: string, options: CallOptions & { readonly build?: boolean } = {}): Promise<StoragePool> {
    const args = { xml, flags: flagsOf([options.build, flags.VIR_STORAGE_POOL_CREATE_WITH_BUILD]) }
    return new RemotePool(this.#client, (await this.#client.call(procedures.poolCreateXml, args, options)).pool)
  }

  async lookupVolumeByPath(path: string, options?: CallOptions): Promise<StorageVolume> {
    return new RemoteVolume(
      this.#client,
      (await this.#client.call(procedures.volumeLookupByPath, { path }, options)).vol,
    )
  }

  async lookupVolumeByKey(key: string, options?: CallOptions): Promise<StorageVolume> {
    return new RemoteVolume(this.#client, (await this.#client.call(procedures.volumeLookupByKey, { key }, options)).vol)
  }

  async listNetworks(options: CallOptions & ListNetworksFilter = {}): Promise<Network[]> {
    const wanted = flagsOf(
      [options.active === true, flags.VIR_CONNECT_LIST_NETWORKS_ACTIVE],
      [options.active === false, flags.VIR_CONNECT_LIST_NETWORKS_INACTIVE],
      [options.persistent === true, flags.VIR_CONNECT_LIST_NETWORKS_PERSISTENT],
      [options.persistent === false, flags.VIR_CONNECT_LIST_NETWORKS_TRANSIENT],
      [options.autostart === true, flags.VIR_CONNECT_LIST_NETWORKS_AUTOSTART],
      [options.autostart === false, flags.VIR_CONNECT_LIST_NETWORKS_NO_AUTOSTART],
    )
    const args = { need_results: 1, flags: wanted }
    const { nets } = await this.#client.call(procedures.networkListAll, args, options)
    return nets.map((ref) => new RemoteNetwork(this.#client, ref))
  }

  async createNetwork(xml: string, options?: CallOptions): Promise<Network> {
    return new RemoteNetwork(this.#client, (await this.#client.call(procedures.networkCreateXml, { xml }, options)).net)
  }

  async lookupNetwork(name: string, options?: CallOptions): Promise<Network> {
    return new RemoteNetwork(
      this.#client,
      (await this.#client.call(procedures.networkLookupByName, { name }, options)).net,
    )
  }

  async lookupNetworkByUuid(uuid: string, options?: CallOptions): Promise<Network> {
    return new RemoteNetwork(
      this.#client,
      (await this.#client.call(procedures.networkLookupByUuid, { uuid }, options)).net,
    )
  }

  async defineNetwork(xml: string, options?: CallOptions): Promise<Network> {
    return new RemoteNetwork(this.#client, (await this.#client.call(procedures.networkDefineXml, { xml }, options)).net)
  }

  #ask<R>(procedure: Procedure<void, R>, options?: CallOptions): Promise<R> {
    return this.#client.call(procedure, undefined, options)
  }
}
