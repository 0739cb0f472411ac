/**
 * What a daemon tells by itself. Every event names what it is about; numbers without a name in this version come as
 * numbers. Kinds that a daemon is too old for are refused at subscription, kinds that are newer than this are not sent.
 * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainEventID
 */
import type { CallOptions, Domain, DomainEvent, Network, StoragePool, Unsubscribe } from '../api.ts'
import type {
  AgentReason,
  AgentState,
  BlockJobStatus,
  BlockJobTypeName,
  DiskChangeReason,
  GraphicsFamily,
  GraphicsPhase,
  IoErrorAction,
  MemoryFailureAction,
  MemoryFailureRecipient,
  MetadataType,
  NetworkEventName,
  PoolEventName,
  TrayChangeReason,
  WatchdogAction,
} from '../rpc/enums.ts'

/** An event that is about one domain. */
export interface AboutDomain {
  readonly domain: Domain
}

/** `device` is the alias that libvirt gave it (`sata0-0-0`, `net0`). */
export interface AboutDevice extends AboutDomain {
  readonly device: string
}

/** One end of a viewer's connection. */
export interface GraphicsAddress {
  readonly family: GraphicsFamily | number
  readonly node: string
  readonly service: string
}

/** Named values of libvirt's; names, and how they are to be read, differ by version. */
export type TypedParameters = Readonly<Record<string, number | string>>

/** The kinds of events, and what each says. */
export interface LibvirtEvents {
  'domain-lifecycle': DomainEvent
  'domain-reboot': AboutDomain
  /** The guest set its clock: how far it is from UTC (or from what its XML says). */
  'domain-rtc-change': AboutDomain & { readonly offsetMs: number }
  'domain-watchdog': AboutDomain & { readonly action: WatchdogAction | number }
  /** `reason` is `enospc` or empty. */
  'domain-io-error': AboutDevice & {
    readonly path: string
    readonly action: IoErrorAction | number
    readonly reason: string
  }
  'domain-graphics': AboutDomain & {
    readonly phase: GraphicsPhase | number
    readonly local: GraphicsAddress
    readonly remote: GraphicsAddress
    readonly authScheme: string
    readonly subject: readonly { readonly type: string; readonly name: string }[]
  }
  /** QEMU's monitor is lost: the domain may run on, but cannot be managed. */
  'domain-control-error': AboutDomain
  /** `disk` is the target, as `vda`. */
  'domain-block-job': AboutDomain & {
    readonly disk: string
    readonly type: BlockJobTypeName | number
    readonly status: BlockJobStatus | number
  }
  'domain-disk-change': AboutDevice & {
    readonly oldPath: string | undefined
    readonly newPath: string | undefined
    readonly reason: DiskChangeReason | number
  }
  'domain-tray-change': AboutDevice & { readonly reason: TrayChangeReason | number }
  'domain-pm-wakeup': AboutDomain
  'domain-pm-suspend': AboutDomain
  'domain-pm-suspend-disk': AboutDomain
  'domain-balloon-change': AboutDomain & { readonly memoryBytes: number }
  'domain-device-added': AboutDevice
  'domain-device-removed': AboutDevice
  'domain-device-removal-failed': AboutDevice
  'domain-tunable': AboutDomain & { readonly parameters: TypedParameters }
  'domain-agent-lifecycle': AboutDomain & { readonly state: AgentState | number; readonly reason: AgentReason | number }
  'domain-migration-iteration': AboutDomain & { readonly iteration: number }
  'domain-job-completed': AboutDomain & { readonly parameters: TypedParameters }
  /** `uri` is the namespace of an element. */
  'domain-metadata-change': AboutDomain & { readonly type: MetadataType | number; readonly uri: string | undefined }
  'domain-block-threshold': AboutDevice & {
    readonly path: string | undefined
    readonly thresholdBytes: number
    readonly excessBytes: number
  }
  'domain-memory-failure': AboutDomain & {
    readonly recipient: MemoryFailureRecipient | number
    readonly action: MemoryFailureAction | number
    /** The guest has to act. */
    readonly isActionRequired: boolean
    /** It came while the one before was being handled. */
    readonly isRecursive: boolean
  }
  /** Since libvirt 7.9. */
  'domain-memory-device-size-change': AboutDevice & { readonly sizeBytes: number }
  'network-lifecycle': { readonly network: Network; readonly event: NetworkEventName | number }
  'pool-lifecycle': { readonly pool: StoragePool; readonly event: PoolEventName | number }
  'pool-refresh': { readonly pool: StoragePool }
}

/** The name of a kind of event. */
export type EventKind = keyof LibvirtEvents

/**
 * Events one after the other, in the order in which they happened; what nobody has taken yet waits in memory. Leaving
 * the loop, or `return()`, ends the listening. A lost connection throws its error, a connection of ours that was closed
 * ends the loop. An aborted signal throws an `AbortedError`.
 */
export type EventIterator<T> = AsyncIterableIterator<T, void, undefined>

/** What tells of events: a connection. */
export interface EventSource {
  /**
   * Calls the listener for each event of a kind, about all objects. Resolves once the daemon has registered us:
   * whatever happens after that is heard. A listener that throws does so as an uncaught exception.
   * Rejects with `no-support` or `UnknownProcedureError` where driver or daemon have no such events, and with
   * `internal-error` ("unsupported event ID") where the daemon is older than this kind of them.
   */
  subscribe<K extends EventKind>(
    kind: K,
    listener: (event: LibvirtEvents[K]) => void,
    options?: CallOptions,
  ): Promise<Unsubscribe>
  /**
   * The same as a loop: `for await (const { event } of await connection.events('network-lifecycle', { signal }))`.
   * Resolves once the daemon has registered us. The signal also ends the loop.
   */
  events<K extends EventKind>(kind: K, options?: CallOptions): Promise<EventIterator<LibvirtEvents[K]>>
}
