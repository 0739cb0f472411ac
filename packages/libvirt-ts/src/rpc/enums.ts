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

/** The name of a number in one of these lists, or the number itself where it has none. */
export function nameOf<Name extends string>(
  list: Readonly<Partial<Record<Name, number>>>,
  value: number,
): Name | number {
  for (const name in list) if (list[name] === value) return name
  return value
}
