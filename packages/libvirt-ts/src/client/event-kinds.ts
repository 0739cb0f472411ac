/** How each kind of event is asked for, and what its message says in our words. */
import type { EventKind, GraphicsAddress, LibvirtEvents, TypedParameters } from '../api/events.ts'
import type { DomainEventDetail } from '../api.ts'
import type { ValueOf } from '../rpc/codec.ts'
import * as enums from '../rpc/enums.ts'
import { events } from '../rpc/events.ts'
import type { EventMessage } from '../rpc/events.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure } from '../rpc/shapes.ts'
import type { DomainRef } from './domain-handle.ts'
import { RemoteDomain } from './domain.ts'
import type { Client } from './handles.ts'
import { RemoteNetwork } from './network.ts'
import { RemotePool } from './pool.ts'

export interface KindOfEvent<T> {
  readonly message: EventMessage<never>
  register(client: Client): Promise<number>
  deregister(client: Client, callbackID: number): Promise<void>
  describe(client: Client, message: never): T
}

const { nameOf } = enums

type About = { readonly msg: { readonly dom: DomainRef } } | { readonly dom: DomainRef }
/** Older messages have what they say one level deeper. */
type Inner<M> = M extends { readonly msg: infer I } ? I : M

type Deregister = Procedure<{ readonly callbackID: number }, void>

function kind<M, T>(
  message: EventMessage<M>,
  register: (client: Client) => Promise<{ readonly callbackID: number }>,
  deregister: Deregister,
  describe: (client: Client, message: M) => T,
): KindOfEvent<T> {
  return {
    message: message as unknown as EventMessage<never>,
    register: async (client) => (await register(client)).callbackID,
    deregister: (client, callbackID) => client.call(deregister, { callbackID }),
    describe,
  }
}

function domainKind<M extends About, T extends object>(
  eventID: number,
  message: EventMessage<M>,
  describe: (message: Inner<M>) => T,
): KindOfEvent<T & { readonly domain: RemoteDomain }> {
  return kind(
    message,
    (client) => client.call(procedures.domainEventRegister, { eventID, dom: undefined }),
    procedures.domainEventDeregister,
    (client, received) => {
      const inner: { readonly dom: DomainRef } = 'msg' in received ? received.msg : received
      return { domain: new RemoteDomain(client, inner.dom), ...describe(inner as Inner<M>) }
    },
  )
}

const nothingMore = (): object => ({})

const onlyDevice = ({ devAlias }: { readonly devAlias: string }): { readonly device: string } => ({ device: devAlias })

const graphicsAddress = (address: {
  readonly family: number
  readonly node: string
  readonly service: string
}): GraphicsAddress => ({ ...address, family: nameOf(enums.graphicsFamilies, address.family) })

type TypedParams = ValueOf<typeof events.domainTunable.message>['params']

const parametersOf = (params: TypedParams): TypedParameters =>
  Object.fromEntries(params.map(({ field, value }) => [field, value.value]))

function lifecycle(message: {
  readonly event: number
  readonly detail: number
}): Omit<LibvirtEvents['domain-lifecycle'], 'domain'> {
  const event = nameOf(enums.domainEvents, message.event)
  if (typeof event === 'number') return { event, detail: message.detail }
  const details: Partial<Record<DomainEventDetail, number>> = enums.domainEventDetails[event]
  return { event, detail: nameOf(details, message.detail) }
}

export const kindsOfEvents: { readonly [K in EventKind]: KindOfEvent<LibvirtEvents[K]> } = {
  'domain-lifecycle': domainKind(flags.VIR_DOMAIN_EVENT_ID_LIFECYCLE, events.domainLifecycle, lifecycle),
  'domain-reboot': domainKind(flags.VIR_DOMAIN_EVENT_ID_REBOOT, events.domainReboot, nothingMore),
  'domain-rtc-change': domainKind(flags.VIR_DOMAIN_EVENT_ID_RTC_CHANGE, events.domainRtcChange, ({ offset }) => ({
    offsetMs: offset * 1000,
  })),
  'domain-watchdog': domainKind(flags.VIR_DOMAIN_EVENT_ID_WATCHDOG, events.domainWatchdog, ({ action }) => ({
    action: nameOf(enums.watchdogActions, action),
  })),
  'domain-io-error': domainKind(flags.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, events.domainIoErrorReason, (message) => ({
    device: message.devAlias,
    path: message.srcPath,
    action: nameOf(enums.ioErrorActions, message.action),
    reason: message.reason,
  })),
  'domain-graphics': domainKind(flags.VIR_DOMAIN_EVENT_ID_GRAPHICS, events.domainGraphics, (message) => ({
    phase: nameOf(enums.graphicsPhases, message.phase),
    local: graphicsAddress(message.local),
    remote: graphicsAddress(message.remote),
    authScheme: message.authScheme,
    subject: message.subject,
  })),
  'domain-control-error': domainKind(flags.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, events.domainControlError, nothingMore),
  'domain-block-job': domainKind(flags.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, events.domainBlockJob2, (message) => ({
    disk: message.dst,
    type: nameOf(enums.blockJobTypes, message.type),
    status: nameOf(enums.blockJobStatuses, message.status),
  })),
  'domain-disk-change': domainKind(flags.VIR_DOMAIN_EVENT_ID_DISK_CHANGE, events.domainDiskChange, (message) => ({
    device: message.devAlias,
    oldPath: message.oldSrcPath,
    newPath: message.newSrcPath,
    reason: nameOf(enums.diskChangeReasons, message.reason),
  })),
  'domain-tray-change': domainKind(flags.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, events.domainTrayChange, (message) => ({
    device: message.devAlias,
    reason: nameOf(enums.trayChangeReasons, message.reason),
  })),
  'domain-pm-wakeup': domainKind(flags.VIR_DOMAIN_EVENT_ID_PMWAKEUP, events.domainPmwakeup, nothingMore),
  'domain-pm-suspend': domainKind(flags.VIR_DOMAIN_EVENT_ID_PMSUSPEND, events.domainPmsuspend, nothingMore),
  'domain-pm-suspend-disk': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK,
    events.domainPmsuspendDisk,
    nothingMore,
  ),
  'domain-balloon-change': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE,
    events.domainBalloonChange,
    ({ actual }) => ({ memoryBytes: actual * 1024 }),
  ),
  'domain-device-added': domainKind(flags.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, events.domainDeviceAdded, onlyDevice),
  'domain-device-removed': domainKind(flags.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, events.domainDeviceRemoved, onlyDevice),
  'domain-device-removal-failed': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
    events.domainDeviceRemovalFailed,
    onlyDevice,
  ),
  'domain-tunable': domainKind(flags.VIR_DOMAIN_EVENT_ID_TUNABLE, events.domainTunable, ({ params }) => ({
    parameters: parametersOf(params),
  })),
  'domain-agent-lifecycle': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
    events.domainAgentLifecycle,
    ({ state, reason }) => ({
      state: nameOf(enums.agentStates, state),
      reason: nameOf(enums.agentReasons, reason),
    }),
  ),
  'domain-migration-iteration': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
    events.domainMigrationIteration,
    ({ iteration }) => ({ iteration }),
  ),
  'domain-job-completed': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
    events.domainJobCompleted,
    ({ params }) => ({ parameters: parametersOf(params) }),
  ),
  'domain-metadata-change': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
    events.domainMetadataChange,
    ({ type, nsuri }) => ({ type: nameOf(enums.metadataTypes, type), uri: nsuri }),
  ),
  'domain-block-threshold': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD,
    events.domainBlockThreshold,
    ({ dev, path, threshold, excess }) => ({ device: dev, path, thresholdBytes: threshold, excessBytes: excess }),
  ),
  'domain-memory-failure': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE,
    events.domainMemoryFailure,
    (message) => ({
      recipient: nameOf(enums.memoryFailureRecipients, message.recipient),
      action: nameOf(enums.memoryFailureActions, message.action),
      isActionRequired: (message.flags & flags.VIR_DOMAIN_MEMORY_FAILURE_ACTION_REQUIRED) !== 0,
      isRecursive: (message.flags & flags.VIR_DOMAIN_MEMORY_FAILURE_RECURSIVE) !== 0,
    }),
  ),
  'domain-memory-device-size-change': domainKind(
    flags.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE,
    events.domainMemoryDeviceSizeChange,
    ({ alias, size }) => ({ device: alias, sizeBytes: size * 1024 }),
  ),
  'network-lifecycle': kind(
    events.networkLifecycle,
    (client) =>
      client.call(procedures.networkEventRegister, { eventID: flags.VIR_NETWORK_EVENT_ID_LIFECYCLE, net: undefined }),
    procedures.networkEventDeregister,
    (client, { net, event }) => ({
      network: new RemoteNetwork(client, net),
      event: nameOf(enums.networkEvents, event),
    }),
  ),
  'pool-lifecycle': kind(
    events.poolLifecycle,
    (client) => registerPool(client, flags.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE),
    procedures.poolEventDeregister,
    (client, { pool, event }) => ({ pool: new RemotePool(client, pool), event: nameOf(enums.poolEvents, event) }),
  ),
  'pool-refresh': kind(
    events.poolRefresh,
    (client) => registerPool(client, flags.VIR_STORAGE_POOL_EVENT_ID_REFRESH),
    procedures.poolEventDeregister,
    (client, { pool }) => ({ pool: new RemotePool(client, pool) }),
  ),
}

function registerPool(client: Client, eventID: number): Promise<{ readonly callbackID: number }> {
  return client.call(procedures.poolEventRegister, { eventID, pool: undefined })
}
