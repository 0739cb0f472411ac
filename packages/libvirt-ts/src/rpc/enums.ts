/**
 * libvirt's numbered lists, as names. The names are libvirt's in lower case with dashes and without the prefix that
 * stands beside each list; the numbers are compared with libvirt's headers by `npm run check:protocol`.
 * A newer daemon may send a number that is not here: it reaches the caller as that number.
 */

/** VIR_DOMAIN_ */
export const domainStates = {
  'no-state': 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  'shut-off': 5,
  crashed: 6,
  'pm-suspended': 7,
} as const

/** `virDomainState`. */
export type DomainStateName = keyof typeof domainStates

/** VIR_DOMAIN_<STATE>_ */
export const domainStateReasons = {
  'no-state': { unknown: 0 },
  running: {
    unknown: 0,
    booted: 1,
    migrated: 2,
    restored: 3,
    'from-snapshot': 4,
    unpaused: 5,
    'migration-canceled': 6,
    'save-canceled': 7,
    wakeup: 8,
    crashed: 9,
    postcopy: 10,
    'postcopy-failed': 11,
  },
  blocked: { unknown: 0 },
  paused: {
    unknown: 0,
    user: 1,
    migration: 2,
    save: 3,
    dump: 4,
    'io-error': 5,
    watchdog: 6,
    'from-snapshot': 7,
    'shutting-down': 8,
    snapshot: 9,
    crashed: 10,
    'starting-up': 11,
    postcopy: 12,
    'postcopy-failed': 13,
  },
  shutdown: { unknown: 0, user: 1 },
  'shut-off': {
    unknown: 0,
    shutdown: 1,
    destroyed: 2,
    crashed: 3,
    migrated: 4,
    saved: 5,
    failed: 6,
    'from-snapshot': 7,
    daemon: 8,
  },
  crashed: { unknown: 0, panicked: 1 },
  'pm-suspended': { unknown: 0 },
} as const satisfies Record<DomainStateName, Record<string, number>>

type KeysOfEach<T> = T extends unknown ? keyof T : never

/** The reasons of all states together. */
export type DomainStateReason = KeysOfEach<(typeof domainStateReasons)[DomainStateName]>

/** VIR_DOMAIN_EVENT_ */
export const domainEvents = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  'pm-suspended': 7,
  crashed: 8,
} as const

/** `virDomainEventType`. */
export type DomainEventName = keyof typeof domainEvents

/** VIR_DOMAIN_EVENT_<EVENT>_ */
export const domainEventDetails = {
  defined: { added: 0, updated: 1, renamed: 2, 'from-snapshot': 3 },
  undefined: { removed: 0, renamed: 1 },
  started: { booted: 0, migrated: 1, restored: 2, 'from-snapshot': 3, wakeup: 4 },
  suspended: {
    paused: 0,
    migrated: 1,
    'io-error': 2,
    watchdog: 3,
    restored: 4,
    'from-snapshot': 5,
    'api-error': 6,
    postcopy: 7,
    'postcopy-failed': 8,
  },
  resumed: { unpaused: 0, migrated: 1, 'from-snapshot': 2, postcopy: 3, 'postcopy-failed': 4 },
  stopped: {
    shutdown: 0,
    destroyed: 1,
    crashed: 2,
    migrated: 3,
    saved: 4,
    failed: 5,
    'from-snapshot': 6,
  },
  shutdown: { finished: 0, guest: 1, host: 2 },
  'pm-suspended': { memory: 0, disk: 1 },
  crashed: { panicked: 0, crashloaded: 1 },
} as const satisfies Record<DomainEventName, Record<string, number>>

/** The details of all events together. */
export type DomainEventDetail = KeysOfEach<(typeof domainEventDetails)[DomainEventName]>

/** VIR_STORAGE_POOL_ */
export const poolStates = { inactive: 0, building: 1, running: 2, degraded: 3, inaccessible: 4 } as const

/** `virStoragePoolState`. */
export type PoolStateName = keyof typeof poolStates

/** VIR_STORAGE_VOL_ */
export const volumeTypes = { file: 0, block: 1, dir: 2, network: 3, netdir: 4, ploop: 5 } as const

/** `virStorageVolType`. */
export type VolumeTypeName = keyof typeof volumeTypes

/** VIR_DOMAIN_BLOCK_JOB_TYPE_ */
export const blockJobTypes = { unknown: 0, pull: 1, copy: 2, commit: 3, 'active-commit': 4, backup: 5 } as const

export type BlockJobTypeName = keyof typeof blockJobTypes

/** VIR_DOMAIN_EVENT_WATCHDOG_ */
export const watchdogActions = {
  none: 0,
  pause: 1,
  reset: 2,
  poweroff: 3,
  shutdown: 4,
  debug: 5,
  'inject-nmi': 6,
} as const

export type WatchdogAction = keyof typeof watchdogActions

/** VIR_DOMAIN_EVENT_IO_ERROR_ */
export const ioErrorActions = { none: 0, pause: 1, report: 2 } as const

export type IoErrorAction = keyof typeof ioErrorActions

/** VIR_DOMAIN_EVENT_GRAPHICS_ */
export const graphicsPhases = { connect: 0, initialize: 1, disconnect: 2 } as const

export type GraphicsPhase = keyof typeof graphicsPhases

/** VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_ */
export const graphicsFamilies = { ipv4: 0, ipv6: 1, unix: 2 } as const

export type GraphicsFamily = keyof typeof graphicsFamilies

/** VIR_DOMAIN_BLOCK_JOB_ */
export const blockJobStatuses = { completed: 0, failed: 1, canceled: 2, ready: 3 } as const

export type BlockJobStatus = keyof typeof blockJobStatuses

/** VIR_DOMAIN_EVENT_DISK_ */
export const diskChangeReasons = { 'change-missing-on-start': 0, 'drop-missing-on-start': 1 } as const

export type DiskChangeReason = keyof typeof diskChangeReasons

/** VIR_DOMAIN_EVENT_TRAY_CHANGE_ */
export const trayChangeReasons = { open: 0, close: 1 } as const

export type TrayChangeReason = keyof typeof trayChangeReasons

/** VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_ */
export const agentStates = { connected: 1, disconnected: 2 } as const

export type AgentState = keyof typeof agentStates

/** VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_ */
export const agentReasons = { unknown: 0, 'domain-started': 1, channel: 2 } as const

export type AgentReason = keyof typeof agentReasons

/** VIR_DOMAIN_METADATA_ */
export const metadataTypes = { description: 0, title: 1, element: 2 } as const

export type MetadataType = keyof typeof metadataTypes

/** VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_ */
export const memoryFailureRecipients = { hypervisor: 0, guest: 1 } as const

export type MemoryFailureRecipient = keyof typeof memoryFailureRecipients

/** VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_ */
export const memoryFailureActions = { ignore: 0, inject: 1, fatal: 2, reset: 3 } as const

export type MemoryFailureAction = keyof typeof memoryFailureActions

/** VIR_NETWORK_EVENT_ */
export const networkEvents = { defined: 0, undefined: 1, started: 2, stopped: 3 } as const

export type NetworkEventName = keyof typeof networkEvents

/** VIR_STORAGE_POOL_EVENT_ */
export const poolEvents = { defined: 0, undefined: 1, started: 2, stopped: 3, created: 4, deleted: 5 } as const

export type PoolEventName = keyof typeof poolEvents

/** VIR_KEYCODE_SET_ */
export const keycodeSets = {
  linux: 0,
  xt: 1,
  atset1: 2,
  atset2: 3,
  atset3: 4,
  osx: 5,
  'xt-kbd': 6,
  usb: 7,
  win32: 8,
  qnum: 9,
} as const

/** Whose numbers key codes are. */
export type KeycodeSet = keyof typeof keycodeSets

/** VIR_DOMAIN_JOB_ */
export const jobTypes = { none: 0, bounded: 1, unbounded: 2, completed: 3, failed: 4, cancelled: 5 } as const

export type JobTypeName = keyof typeof jobTypes

/** VIR_DOMAIN_MEMORY_STAT_ */
export const memoryStatTags = {
  'swap-in': 0,
  'swap-out': 1,
  'major-fault': 2,
  'minor-fault': 3,
  unused: 4,
  available: 5,
  'actual-balloon': 6,
  rss: 7,
  usable: 8,
  'last-update': 9,
  'disk-caches': 10,
  'hugetlb-pgalloc': 11,
  'hugetlb-pgfail': 12,
} as const

export type MemoryStatName = keyof typeof memoryStatTags

/** VIR_NETWORK_UPDATE_COMMAND_ */
export const networkCommands = { modify: 1, delete: 2, 'add-last': 3, 'add-first': 4 } as const

export type NetworkUpdateCommand = keyof typeof networkCommands

/** VIR_NETWORK_SECTION_ */
export const networkSections = {
  bridge: 1,
  domain: 2,
  ip: 3,
  'ip-dhcp-host': 4,
  'ip-dhcp-range': 5,
  forward: 6,
  'forward-interface': 7,
  'forward-pf': 8,
  portgroup: 9,
  'dns-host': 10,
  'dns-txt': 11,
  'dns-srv': 12,
} as const

export type NetworkSection = keyof typeof networkSections

/** VIR_IP_ADDR_TYPE_ */
export const addressFamilies = { ipv4: 0, ipv6: 1 } as const

/** The name of a number in one of these lists, or the number itself where it has none. */
export function nameOf<Name extends string>(
  list: Readonly<Partial<Record<Name, number>>>,
  value: number,
): Name | number {
  for (const name in list) if (list[name] === value) return name
  return value
}
