/** The mark in a domain's metadata: one element in a namespace of ours, its text JSON. */
import type { Mark } from '../../src/provider/mark.ts'
import { isIn, isListOf, isObject, isOptional, isText, parseMark, type Fields } from '../../src/provider/parse-mark.ts'
import type { DomainType } from './boards.ts'
import { element, toXml, type XmlElement } from './xml.ts'
import type { XmlNode } from '../../src/host/read-xml.ts'

export const markNamespace = 'urn:azl-vm:mark:1'
export const markPrefix = 'azl'

export function markElement(mark: Mark): XmlElement {
  return element(`${markPrefix}:mark`, { [`xmlns:${markPrefix}`]: markNamespace }, JSON.stringify(mark))
}

/** The element as libvirt's setMetadata takes it, without the namespace that libvirt adds itself. */
export function markXml(mark: Mark): string {
  return toXml(element('mark', {}, JSON.stringify(mark)))
}

/** The mark of a whole domain XML. Text that is no mark of this version is none. */
export function markInDomain(domain: XmlNode): Mark | undefined {
  const found = domain.find('metadata', `${markPrefix}:mark`)
  return found ? parseMark(found.text, isProviderData) : undefined
}

/** What is missing was not written yet by the azl-vm that made the machine: {@link kvmMark} has a default. */
function isProviderData(data: Fields): boolean {
  return (
    isOptional(data['pool'], isText) &&
    isOptional(data['acceleration'], (value) => isOneOf(value, accelerations)) &&
    isOptional(data['firstType'], (value) => isOneOf(value, domainTypes)) &&
    isOptional(data['isNested'], isBoolean) &&
    isOptional(data['forwards'], (value) => isListOf(value, isForwardRule)) &&
    isOptional(data['ownNetworks'], (value) => isListOf(value, isText)) &&
    isOptional(data['networkModes'], (value) => isListOf(value, isText)) &&
    isLogState(data) &&
    isOptional(data['systemLogAtStart'], (value) => isObject(value) && isLogState(value)) &&
    isOptional(data['snapshots'], (value) => isListOf(value, isHeldState)) &&
    isOptional(data['currentSnapshot'], isText) &&
    isOptional(data['unreadMemory'], isText) &&
    isOptional(data['base'], (value) => isListOf(value, isText))
  )
}

function isHeldState(value: unknown): value is HeldState {
  return (
    isObject(value) &&
    isText(value['name']) &&
    isText(value['created']) &&
    isOptional(value['parent'], isText) &&
    isListOf(value['disks'], isText) &&
    isOptional(value['nvram'], isText) &&
    isOptional(value['memory'], isText) &&
    isOneOf(value['power'], heldPowers) &&
    isListOf(value['media'], isText)
  )
}

const heldPowers = ['off', 'running', 'paused'] as const

function isLogState(data: Fields): boolean {
  return isOptional(data['logBytesAtStart'], (value) => isIn(value, 0)) && isOptional(data['rotationAtStart'], isText)
}

const maxPort = 65_535

function isForwardRule(value: unknown): value is ForwardRule {
  return (
    isObject(value) &&
    isIn(value['network'], 0) &&
    isIn(value['hostPort'], 0, maxPort) &&
    isIn(value['guestPort'], 1, maxPort) &&
    isOptional(value['isOwn'], isBoolean)
  )
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isOneOf<T extends string>(value: unknown, known: readonly T[]): value is T {
  return known.some((one) => one === value)
}

const accelerations = ['auto', 'hardware', 'emulated'] as const
const domainTypes = ['kvm', 'qemu'] as const satisfies readonly DomainType[]

/** What this provider keeps in a mark, so that `start` and `destroy` need no state folder. */
export interface KvmMark extends LogState {
  readonly pool: string
  readonly acceleration: (typeof accelerations)[number]
  /** As which the machine was planned, whatever a fallback made of it; undefined: made by an earlier azl-vm. */
  readonly firstType: DomainType | undefined
  /** Whether it may run virtual machines of its own; undefined: as for `firstType`. */
  readonly isNested: boolean | undefined
  /** By network index; only networks in user mode forward. */
  readonly forwards: readonly ForwardRule[]
  /** Networks that were made for this machine. */
  readonly ownNetworks: readonly string[]
  /** Modes as the spec said them, by network index. */
  readonly networkModes: readonly string[]
  /** The same for the system's own serial port, where the machine has one. */
  readonly systemLogAtStart: LogState | undefined
  /** Oldest first. */
  readonly snapshots: readonly HeldState[]
  /** Name of the snapshot that the machine's state came from. */
  readonly currentSnapshot: string | undefined
  /** Name of the snapshot whose disks the machine has, and whose memory was not read back yet: it may never be. */
  readonly unreadMemory: string | undefined
  /** For a clone: the volumes of the original that its disks lie on, by index. */
  readonly base: readonly string[]
}

/** What a serial log held when the machine was last started. */
export interface LogState {
  /** Bytes: what comes after them is this boot's. */
  readonly logBytesAtStart: number
  /** Which older file virtlogd kept at that moment ('' for none): another one by now tells that it began anew since. */
  readonly rotationAtStart: string
}

/** One snapshot: the names of its volumes, all in the machine's pool and none of them written any more. */
export interface HeldState {
  readonly name: string
  readonly created: string
  readonly parent?: string
  /** By disk index. */
  readonly disks: readonly string[]
  /** Absent: the machine was never started, and has none. */
  readonly nvram?: string
  readonly memory?: string
  readonly power: (typeof heldPowers)[number]
  /** Paths in the optical drives when the memory was held: it cannot go on without them. */
  readonly media: readonly string[]
}

export interface ForwardRule {
  readonly network: number
  /** 0: QEMU chooses. */
  readonly hostPort: number
  readonly guestPort: number
  /** True for the port to the guest's SSH that the spec did not ask for. */
  readonly isOwn?: boolean
}

/** The provider's part of a mark that {@link markInDomain} has looked at. */
export function kvmMark({ provider }: Mark): KvmMark {
  const data = provider as Partial<KvmMark>
  return {
    pool: data.pool ?? 'azl-vm',
    acceleration: data.acceleration ?? 'auto',
    firstType: data.firstType,
    isNested: data.isNested,
    forwards: data.forwards ?? [],
    ownNetworks: data.ownNetworks ?? [],
    networkModes: data.networkModes ?? [],
    logBytesAtStart: data.logBytesAtStart ?? 0,
    rotationAtStart: data.rotationAtStart ?? '',
    systemLogAtStart: data.systemLogAtStart,
    snapshots: data.snapshots ?? [],
    currentSnapshot: data.currentSnapshot,
    unreadMemory: data.unreadMemory,
    base: data.base ?? [],
  }
}

/** What to write into a provider's part, by what it is at that moment: other verbs write theirs. */
export type OwnChange = (own: KvmMark) => Partial<KvmMark>

/** The mark with its provider's part changed; what is not given, also what this version does not know, stays. */
export function withOwn(mark: Mark, change: OwnChange): Mark {
  return { ...mark, provider: { ...mark.provider, ...change(kvmMark(mark)) } }
}
