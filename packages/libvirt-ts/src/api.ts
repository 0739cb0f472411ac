/**
 * The public surface: what a caller can do with a connection, a domain, a pool, a volume, a network, a console.
 * These are interfaces so that users can put their own doubles in their place.
 *
 * Every method takes `{ signal }`. Aborting rejects with an `AbortedError` at once; the daemon is not told, because
 * libvirt's protocol has no cancel, so what was asked may still happen. A late answer is dropped.
 * A broken connection rejects every waiting call with a `ConnectionError`.
 * All sizes are bytes, all times milliseconds. Numbers that this version has no name for come through as numbers.
 */
import type { DomainBlockJobs } from './api/block-jobs.ts'
import type { EventSource } from './api/events.ts'
import type { DomainStatistics } from './api/domain-statistics.ts'
import type { ListNetworksFilter, Network } from './api/network.ts'
import type { NodeCalls } from './api/node.ts'
import type { DomainSaving, RestoreOptions, ResumeState } from './api/saving.ts'
import type { DomainSnapshots } from './api/snapshots.ts'
import type { Hole, Source, SparseTransferOptions, TransferOptions } from './api/transfer.ts'
import type {
  DomainEventDetail,
  DomainEventName,
  DomainStateName,
  DomainStateReason,
  KeycodeSet,
  PoolStateName,
  VolumeTypeName,
} from './rpc/enums.ts'

export type {
  DomainEventDetail,
  DomainEventName,
  DomainStateName,
  DomainStateReason,
  KeycodeSet,
  PoolStateName,
  VolumeTypeName,
}

export type * from './api/block-jobs.ts'
export type * from './api/events.ts'
export type * from './api/domain-statistics.ts'
export type * from './api/network.ts'
export type * from './api/node.ts'
export type * from './api/saving.ts'
export type * from './api/snapshots.ts'
export type * from './api/transfer.ts'

/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** What is asked about; what is not said is what the hypervisor would choose. */
export interface DomainCapabilitiesQuery {
  readonly arch?: string | undefined
  readonly machine?: string | undefined
  /** `kvm`, `qemu`. */
  readonly virtType?: string | undefined
  /** Path of the emulator's program on the daemon's host. */
  readonly emulator?: string | undefined
}

/** Which domains; nothing said means all. */
export interface ListDomainsFilter {
  readonly active?: boolean | undefined
  readonly persistent?: boolean | undefined
}

/** What a domain does, and since what. */
export interface DomainState {
  readonly state: DomainStateName | number
  /** The reasons belong to the state: `user`, `starting-up`, `destroyed`, `failed` ... */
  readonly reason: DomainStateReason | number
}

/** Something happened to a domain. */
export interface DomainEvent {
  readonly domain: Domain
  readonly event: DomainEventName | number
  /** What exactly: `booted`, `paused`, `destroyed`, `failed` ...; each event has its own list. */
  readonly detail: DomainEventDetail | number
}

/** Called for each event, in order. What it throws is an uncaught exception. */
export type DomainEventListener = (event: DomainEvent) => void

/** Stops the listening; a second call does nothing. */
export type Unsubscribe = () => Promise<void>

/** An open connection to one daemon and one driver. */
export interface Connection extends AsyncDisposable, EventSource, NodeCalls {
  /** The URI as the daemon knows it: without transport and without `?socket=`. */
  readonly uri: string
  /** Resolves when the connection is gone: with the error that broke it, or undefined after {@link close}. Never rejects. */
  readonly closed: Promise<Error | undefined>
  readonly isOpen: boolean

  /** Ends the connection. Calls that still wait reject with `ConnectionError` `closed`. Repeating it is fine. */
  close(): Promise<void>

  /** The name of the daemon's host. */
  hostname(options?: CallOptions): Promise<string>
  /** libvirt's version, `9.0.0`. */
  libraryVersion(options?: CallOptions): Promise<string>
  /** The hypervisor's version, `7.2.22`. */
  hypervisorVersion(options?: CallOptions): Promise<string>
  /** The driver's name: `QEMU`, `TEST`. */
  hypervisorType(options?: CallOptions): Promise<string>
  /** The URI that the daemon reports for this connection. */
  remoteUri(options?: CallOptions): Promise<string>
  /** What host and hypervisor can do, as libvirt's `<capabilities>` XML. */
  capabilities(options?: CallOptions): Promise<string>
  /** What a domain of this kind can have, as `<domainCapabilities>` XML. */
  domainCapabilities(query?: DomainCapabilitiesQuery, options?: CallOptions): Promise<string>

  /** All domains that the filter lets through, in no particular order. */
  listDomains(filter?: ListDomainsFilter, options?: CallOptions): Promise<Domain[]>
  /** Rejects with `no-domain` where there is none. */
  lookupDomain(name: string, options?: CallOptions): Promise<Domain>
  /** Rejects with `no-domain` where there is none. */
  lookupDomainByUuid(uuid: string, options?: CallOptions): Promise<Domain>
  /** Defines, or redefines where name and UUID are those of an existing domain. Another UUID for a taken name is refused. */
  defineDomain(xml: string, options?: CallOptions & { readonly validate?: boolean }): Promise<Domain>
  /**
   * A transient domain, started: it is gone when it is off.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainCreateXML
   */
  createDomain(
    xml: string,
    options?: CallOptions & { readonly paused?: boolean; readonly validate?: boolean },
  ): Promise<Domain>
  /**
   * Brings a domain back from a memory file that `Domain.save` or a snapshot wrote. The domain is the one that the file
   * describes: `operation-invalid` where it runs, `operation-failed` where the file or what it needs is not there.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainRestoreFlags
   */
  restoreDomain(path: string, options?: RestoreOptions): Promise<void>
  /**
   * The domain as a memory file describes it. `secure`: with passwords, which a read-only connection is refused.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSaveImageGetXMLDesc
   */
  saveImageXml(path: string, options?: CallOptions & { readonly secure?: boolean }): Promise<string>
  /**
   * Replaces that description; what the guest can see must stay as it was (`config-unsupported`).
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSaveImageDefineXML
   */
  defineSaveImage(path: string, xml: string, options?: CallOptions & ResumeState): Promise<void>
  /** `subscribe('domain-lifecycle', …)`: what domains begin and end. */
  onDomainEvent(listener: DomainEventListener, options?: CallOptions): Promise<Unsubscribe>

  /** All storage pools, active or not. */
  listPools(options?: CallOptions): Promise<StoragePool[]>
  /** Rejects with `no-storage-pool` where there is none. */
  lookupPool(name: string, options?: CallOptions): Promise<StoragePool>
  /** Rejects with `no-storage-pool` where there is none. */
  lookupPoolByUuid(uuid: string, options?: CallOptions): Promise<StoragePool>
  /** The pool whose folder or device is at this path of the daemon's host. */
  lookupPoolByTargetPath(path: string, options?: CallOptions): Promise<StoragePool>
  /** A persistent pool, not yet started. */
  definePool(xml: string, options?: CallOptions): Promise<StoragePool>
  /** A transient pool, started; `build` makes its folder. */
  createPool(xml: string, options?: CallOptions & { readonly build?: boolean }): Promise<StoragePool>
  /** The volume at this path of the daemon's host, in whatever active pool; else `no-storage-vol`. */
  lookupVolumeByPath(path: string, options?: CallOptions): Promise<StorageVolume>
  /** The volume with this key, in whatever active pool; else `no-storage-vol`. */
  lookupVolumeByKey(key: string, options?: CallOptions): Promise<StorageVolume>

  /** https://libvirt.org/html/libvirt-libvirt-network.html#virConnectListAllNetworks */
  listNetworks(options?: CallOptions & ListNetworksFilter): Promise<Network[]>
  /** Rejects with `no-network` where there is none. */
  lookupNetwork(name: string, options?: CallOptions): Promise<Network>
  /** Rejects with `no-network` where there is none. */
  lookupNetworkByUuid(uuid: string, options?: CallOptions): Promise<Network>
  /** A persistent network, not yet started. */
  defineNetwork(xml: string, options?: CallOptions): Promise<Network>
  /**
   * A transient network, started; it is gone when it is stopped.
   * https://libvirt.org/html/libvirt-libvirt-network.html#virNetworkCreateXML
   */
  createNetwork(xml: string, options?: CallOptions): Promise<Network>
}

/** What a change of devices is for: the running instance, the definition, or both. */
export interface DeviceChangeOptions extends CallOptions {
  /** Neither `live` nor `config`: the current state, running or not. */
  readonly live?: boolean | undefined
  readonly config?: boolean | undefined
  /** Open a locked tray, for example. */
  readonly force?: boolean | undefined
}

/** What else goes with a definition. */
export interface UndefineOptions extends CallOptions {
  /** true removes the NVRAM file, false keeps it; unsaid, libvirt refuses a domain that has one. */
  readonly nvram?: boolean | undefined
  /** true removes the TPM's state, false keeps it. */
  readonly tpm?: boolean | undefined
  readonly managedSave?: boolean | undefined
  readonly snapshotsMetadata?: boolean | undefined
  readonly checkpointsMetadata?: boolean | undefined
}

/**
 * Which of the two descriptions of a domain: that of the running instance (`live`), the definition (`config`), both,
 * or the one that counts now.
 */
export type MetadataScope = 'current' | 'config' | 'live' | 'both'

/** One element of the metadata, to be set or removed. */
export interface SetMetadataRequest {
  /** The XML namespace; one element per namespace. */
  readonly uri: string
  /** The namespace prefix that libvirt writes; needed where `xml` is given. */
  readonly prefix?: string | undefined
  /** The element; undefined removes it. */
  readonly xml: string | undefined
  readonly scope?: MetadataScope | undefined
}

/** A picture, whole. */
export interface Screenshot {
  /** `image/png`, `image/x-portable-pixmap`. */
  readonly mimeType: string
  readonly data: Uint8Array
}

/** How large a disk is, as the guest sees it and on the host. */
export interface BlockInfo {
  readonly capacityBytes: number
  readonly allocationBytes: number
  readonly physicalBytes: number
}

/** A network interface with its addresses. */
export interface InterfaceAddress {
  readonly interface: string
  readonly mac: string | undefined
  readonly addresses: readonly {
    readonly family: 'ipv4' | 'ipv6' | number
    readonly address: string
    readonly prefixLength: number
  }[]
}

/** Which console, and how it is read. */
export interface OpenConsoleOptions extends CallOptions {
  /** The device's alias (`serial0`, `console1`); unsaid, the first console. */
  readonly device?: string | undefined
  /** Throws out whoever reads it now; otherwise a second reader is refused. */
  readonly force?: boolean | undefined
  /** Refuses where the host cannot make sure that nobody else reads the same device. */
  readonly safe?: boolean | undefined
  /** Gets each chunk as it arrives, with nothing kept: then there is nothing to iterate over. */
  readonly onData?: ((chunk: Uint8Array) => void) | undefined
  /**
   * How much a reader may lag behind, default 4 MiB. The socket is always read, because a console reader that
   * stops would freeze the guest; beyond this bound the oldest bytes are dropped and counted in `droppedBytes`.
   */
  readonly bufferBytes?: number | undefined
}

/** How a channel is opened; bytes are treated as a console's. */
export interface OpenChannelOptions extends CallOptions {
  /** Throws out whoever has it now. */
  readonly force?: boolean | undefined
  /** Gets each chunk as it arrives, with nothing kept: then there is nothing to iterate over. */
  readonly onData?: ((chunk: Uint8Array) => void) | undefined
  /** How much a reader may lag behind, default 4 MiB, as for a console. */
  readonly bufferBytes?: number | undefined
}

/** Whose key codes, and how long they are held. */
export interface SendKeyOptions extends CallOptions {
  readonly codeset?: KeycodeSet | undefined
  readonly holdMs?: number | undefined
}

/** Why a console has ended. */
export interface ConsoleEnd {
  /** `eof`: the guest was powered off (or another reader forced us out); `closed`: by us; `error`: the line broke. */
  readonly reason: 'eof' | 'closed' | 'error'
  readonly error?: Error | undefined
}

/**
 * A guest's serial port, both ways, on a connection of its own. Iterate for the bytes: the loop ends at end of file
 * and at close, and throws where the line broke. Only one reader can iterate.
 */
export interface ConsoleStream extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** Never rejects. */
  readonly ended: Promise<ConsoleEnd>
  /** Bytes that a lagging reader lost. */
  readonly droppedBytes: number
  /** Resolves when the bytes are on their way; types into the guest. */
  write(data: Uint8Array | string): Promise<void>
  /** Frees the console on the daemon before it resolves, so that it can be opened again. Repeating it is fine. */
  close(): Promise<void>
}

/** How the guest is asked to shut down. */
export interface ShutdownOptions extends CallOptions {
  /** How to ask the guest; unsaid, the hypervisor chooses. */
  readonly method?: 'acpi' | 'agent' | undefined
}

/** A handle: name and UUID do not change; everything else is asked for. Nothing is kept open by holding it. */
export interface Domain extends DomainSaving, DomainSnapshots, DomainBlockJobs, DomainStatistics {
  readonly name: string
  readonly uuid: string
  /** The id of the running instance as last seen, undefined where it was off. */
  readonly id: number | undefined

  /** Starts it. `paused`: nothing runs before `resume`, so a console opened in between misses no byte. */
  create(options?: CallOptions & { readonly paused?: boolean; readonly resetNvram?: boolean }): Promise<void>
  /** Lets it run (on). */
  resume(options?: CallOptions): Promise<void>
  /** Stops its processors; memory stays. */
  suspend(options?: CallOptions): Promise<void>
  /** Asks the guest; resolves when it was asked, not when it is off. */
  shutdown(options?: ShutdownOptions): Promise<void>
  /**
   * Asks the guest; `method` as in {@link Domain.shutdown}. Resolves when it was asked.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainReboot
   */
  reboot(options?: ShutdownOptions): Promise<void>
  /** Presses the reset button. */
  reset(options?: CallOptions): Promise<void>
  /** Pulls the plug. `graceful`: not by SIGKILL. */
  destroy(options?: CallOptions & { readonly graceful?: boolean }): Promise<void>
  /** Removes the definition; a running domain goes on as a transient one. */
  undefine(options?: UndefineOptions): Promise<void>

  /** What it does, and since what. */
  state(options?: CallOptions): Promise<DomainState>
  /** Whether it is on, paused included. */
  isActive(options?: CallOptions): Promise<boolean>
  /** Whether it has a definition that outlives being off. */
  isPersistent(options?: CallOptions): Promise<boolean>
  /** Its description: of the running instance, or `inactive` the definition; `secure` includes passwords. */
  xml(options?: CallOptions & { readonly inactive?: boolean; readonly secure?: boolean }): Promise<string>
  /** The element stored under a namespace, or undefined where there is none. */
  metadata(uri: string, options?: CallOptions & { readonly scope?: MetadataScope }): Promise<string | undefined>
  /** Sets or removes the element of one namespace. */
  setMetadata(request: SetMetadataRequest, options?: CallOptions): Promise<void>
  /** A picture of a screen, default the first. */
  screenshot(options?: CallOptions & { readonly screen?: number }): Promise<Screenshot>
  /** Opens a serial port on a connection of its own. A paused domain can have it open before its first instruction. */
  openConsole(options?: OpenConsoleOptions): Promise<ConsoleStream>
  /** Adds the device that the XML describes. */
  attachDevice(xml: string, options?: DeviceChangeOptions): Promise<void>
  /** Changes a device: another medium in a drive, the link of an interface. */
  updateDevice(xml: string, options?: DeviceChangeOptions): Promise<void>
  /** Removes the device that the XML describes; resolves when that was asked, which a guest may take its time with. */
  detachDevice(xml: string, options?: DeviceChangeOptions): Promise<void>
  /** `path` is the disk's target (`vda`) or its source path. */
  blockInfo(path: string, options?: CallOptions): Promise<BlockInfo>
  /** As the DHCP server of libvirt (`lease`), the agent in the guest, or the ARP table of the host knows them. */
  interfaceAddresses(source: 'lease' | 'agent' | 'arp', options?: CallOptions): Promise<InterfaceAddress[]>
  /**
   * Presses keys together and lets go after `holdMs` (default: the hypervisor's own); one after the other are calls.
   * At most 16. `codeset` says whose numbers they are, default `linux` (KEY_ENTER is 28).
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSendKey
   */
  sendKey(keycodes: readonly number[], options?: SendKeyOptions): Promise<void>
  /**
   * A channel to a program in the guest (`<target name='…'/>`; unsaid, the first), as {@link Domain.openConsole}.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainOpenChannel
   */
  openChannel(name?: string, options?: OpenChannelOptions): Promise<ConsoleStream>
  /**
   * A new name for a domain that is off; gives the new handle, this one is void.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainRename
   */
  rename(name: string, options?: CallOptions): Promise<Domain>
  /** Whether it starts with the host. https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetAutostart */
  autostart(options?: CallOptions): Promise<boolean>
  /** Whether the daemon starts it when it starts itself. */
  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void>
  /**
   * How many processors; `maximum`: how many it could have.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetVcpusFlags
   */
  vcpus(options?: CallOptions & { readonly maximum?: boolean; readonly scope?: MetadataScope }): Promise<number>
  /** `maximum` only with `scope: 'config'`. https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetVcpusFlags */
  setVcpus(
    count: number,
    options?: CallOptions & { readonly maximum?: boolean; readonly scope?: MetadataScope },
  ): Promise<void>
  /** https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetMaxMemory */
  maxMemoryBytes(options?: CallOptions): Promise<number>
  /**
   * Multiples of 1 KiB. `maximum` only where the domain is off.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetMemoryFlags
   */
  setMemory(
    bytes: number,
    options?: CallOptions & { readonly maximum?: boolean; readonly scope?: MetadataScope },
  ): Promise<void>
  /**
   * The guest's clock, by its agent (`agent-unresponsive` without one), as milliseconds since 1970.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetTime
   */
  guestTimeMs(options?: CallOptions): Promise<number>
  /** Sets it. https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSetTime */
  setGuestTimeMs(timeMs: number, options?: CallOptions): Promise<void>
  /**
   * The guest's own name, by lease or agent.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainGetHostname
   */
  guestHostname(options?: CallOptions & { readonly source?: 'lease' | 'agent' }): Promise<string>
  /**
   * QEMU's guest agent: its JSON in and out. `timeoutMs` (whole seconds) bounds its answer; unsaid, libvirt's default.
   * Taints the domain. https://libvirt.org/html/libvirt-libvirt-qemu.html#virDomainQemuAgentCommand
   */
  agentCommand(command: string, options?: CallOptions & { readonly timeoutMs?: number }): Promise<string>
  /** QEMU's monitor: QMP JSON in and out, or a human command with `hmp`. Taints the domain. */
  monitorCommand(command: string, options?: CallOptions & { readonly hmp?: boolean }): Promise<string>
}

/** State and sizes of a pool. */
export interface PoolInfo {
  readonly state: PoolStateName | number
  readonly capacityBytes: number
  readonly allocationBytes: number
  readonly availableBytes: number
}

/** A handle: name and UUID do not change; everything else is asked for. */
export interface StoragePool {
  readonly name: string
  readonly uuid: string

  /** Makes what the pool needs, such as its folder. */
  build(options?: CallOptions & { readonly overwrite?: boolean }): Promise<void>
  /** Starts it. */
  create(options?: CallOptions & { readonly build?: boolean }): Promise<void>
  /** Stops it; a transient pool is gone then. No data is touched. */
  destroy(options?: CallOptions): Promise<void>
  /** Removes its storage: for a directory pool the (empty) folder. */
  delete(options?: CallOptions): Promise<void>
  /** Removes the definition of a stopped pool. No data is touched. */
  undefine(options?: CallOptions): Promise<void>
  /** Looks again at what is there. */
  refresh(options?: CallOptions): Promise<void>
  /** https://libvirt.org/html/libvirt-libvirt-storage.html#virStoragePoolGetAutostart */
  autostart(options?: CallOptions): Promise<boolean>
  /** Whether the daemon starts it when it starts itself. */
  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void>
  /** Whether it is started. */
  isActive(options?: CallOptions): Promise<boolean>
  /** Whether it has a definition that outlives being stopped. */
  isPersistent(options?: CallOptions): Promise<boolean>
  /** Its description. */
  xml(options?: CallOptions): Promise<string>
  /** State and sizes. */
  info(options?: CallOptions): Promise<PoolInfo>

  /** The volumes, as of the last refresh. */
  listVolumes(options?: CallOptions): Promise<StorageVolume[]>
  /** Rejects with `no-storage-vol` where there is none. */
  lookupVolume(name: string, options?: CallOptions): Promise<StorageVolume>
  /** A new volume; a taken name is `storage-vol-exist`. */
  createVolume(xml: string, options?: CallOptions & { readonly preallocateMetadata?: boolean }): Promise<StorageVolume>
  /**
   * A new volume with the contents of another one, of any pool of the same daemon; both must be stopped from changing.
   * The format may be another one. `reflink`: share the blocks, which needs btrfs or XFS (`operation-failed` elsewhere).
   * https://libvirt.org/html/libvirt-libvirt-storage.html#virStorageVolCreateXMLFrom
   */
  cloneVolume(
    xml: string,
    from: StorageVolume,
    options?: CallOptions & { readonly preallocateMetadata?: boolean; readonly reflink?: boolean },
  ): Promise<StorageVolume>
}

/** Kind and sizes of a volume. */
export interface VolumeInfo {
  readonly type: VolumeTypeName | number
  readonly capacityBytes: number
  readonly allocationBytes: number
}

/** How a volume changes its size. */
export interface ResizeVolumeOptions extends CallOptions {
  readonly shrink?: boolean | undefined
  readonly allocate?: boolean | undefined
  readonly relative?: boolean | undefined
}

/** A handle: pool, name and key do not change; everything else is asked for. */
export interface StorageVolume {
  readonly pool: string
  readonly name: string
  readonly key: string

  /** Where it lies on the daemon's host. */
  path(options?: CallOptions): Promise<string>
  /** Its description. */
  xml(options?: CallOptions): Promise<string>
  /** Kind and sizes. */
  info(options?: CallOptions): Promise<VolumeInfo>
  /**
   * Changes the capacity. `shrink` is needed to make it smaller (`invalid-arg` otherwise); `allocate` takes the new
   * space from the disk at once; `relative`: `capacityBytes` is the difference.
   * https://libvirt.org/html/libvirt-libvirt-storage.html#virStorageVolResize
   */
  resize(capacityBytes: number, options?: ResizeVolumeOptions): Promise<void>
  /** Removes it with its data. */
  delete(options?: CallOptions): Promise<void>
  /**
   * Writes the source into the volume and resolves with the number of bytes once the daemon has confirmed all of
   * them. The source is read no faster than the daemon writes. On failure or abort a part may have been written.
   * Where `lengthBytes` is given, a source with more or fewer bytes is a `TransferError`.
   */
  upload(source: Source<Uint8Array>, options?: TransferOptions): Promise<number>
  /**
   * The same for a **new** volume that is to stay sparse: runs of zeros in the source's bytes, in blocks of 4 KiB, and
   * the holes that it gives are sent as their number. The daemon skips a hole and cuts the file off behind it (seek and
   * truncate in `src/util/virfdstream.c` of libvirt's source): what a used volume has there stays, what follows is lost.
   */
  upload(source: Source<Uint8Array | Hole>, options: SparseTransferOptions): Promise<number>
  /** Reads the volume, no faster than the loop takes it. Leaving the loop early ends the transfer. */
  download(options?: TransferOptions): AsyncIterable<Uint8Array>
  /** The same with holes where the volume's file has them: for a sparse upload, or a sparse file of one's own. */
  download(options: SparseTransferOptions): AsyncIterable<Uint8Array | Hole>
}
