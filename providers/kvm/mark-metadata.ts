/** The mark in a domain's metadata: one element in a namespace of ours, its text JSON. */
import type { Mark } from '../../src/provider/mark.ts'
import { element, toXml, type XmlElement } from './xml.ts'
import type { XmlNode } from './xml-reader.ts'

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
  return found ? parseMark(found.text) : undefined
}

function parseMark(text: string): Mark | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMark(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isMark(value: unknown): value is Mark {
  if (typeof value !== 'object' || value === null) return false
  const strings = ['owner', 'runId', 'machineId', 'name', 'phase', 'specDigest', 'created'] as const
  return (
    'v' in value &&
    value.v === 1 &&
    'creator' in value &&
    strings.every((key) => key in value && typeof Reflect.get(value, key) === 'string')
  )
}

/** What this provider keeps in a mark, so that `start` and `destroy` need no state folder. */
export interface KvmMark {
  readonly pool: string
  readonly acceleration: 'auto' | 'hardware' | 'emulated'
  /** By network index; only networks in user mode forward. */
  readonly forwards: readonly ForwardRule[]
  /** Networks that were made for this machine. */
  readonly ownNetworks: readonly string[]
  /** Modes as the spec said them, by network index. */
  readonly networkModes: readonly string[]
  /** Bytes that the serial log held when the machine was last started: what comes after them is this boot's. */
  readonly logBytesAtStart: number
}

export interface ForwardRule {
  readonly network: number
  /** 0: QEMU chooses. */
  readonly hostPort: number
  readonly guestPort: number
  /** True for the port to the guest's SSH that the spec did not ask for. */
  readonly isOwn?: boolean
}

export function kvmMark(mark: Mark): KvmMark {
  const { provider } = mark
  const list = (key: string): readonly unknown[] => (Array.isArray(provider[key]) ? provider[key] : [])
  const acceleration = provider['acceleration']
  return {
    pool: typeof provider['pool'] === 'string' ? provider['pool'] : 'azl-vm',
    acceleration: acceleration === 'hardware' || acceleration === 'emulated' ? acceleration : 'auto',
    // Written by our plan, into a mark whose owner and id were checked.
    forwards: list('forwards') as readonly ForwardRule[],
    ownNetworks: list('ownNetworks').map(String),
    networkModes: list('networkModes').map(String),
    logBytesAtStart: typeof provider['logBytesAtStart'] === 'number' ? provider['logBytesAtStart'] : 0,
  }
}
