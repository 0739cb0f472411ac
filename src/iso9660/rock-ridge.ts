import { latinText, putBoth32, shortDate, viewOf } from './format.ts'

/** SUSP 1.10 and RRIP 1.10 (IEEE P1281, P1282): entries of four bytes (signature, length, version) and data. */

export interface PosixAttributes {
  readonly mode: number
  readonly links: number
}

const fileType = { directory: 0o040000, regular: 0o100000 } as const
const maxNamePerEntry = 250
export const continuationEntryBytes = 28

function entry(signature: string, data: Uint8Array): Uint8Array {
  return Uint8Array.of(signature.charCodeAt(0), signature.charCodeAt(1), 4 + data.length, 1, ...data)
}

function posixEntry(attributes: PosixAttributes): Uint8Array {
  const data = new Uint8Array(32) // mode, links, uid 0, gid 0
  putBoth32(viewOf(data), 0, attributes.mode)
  putBoth32(viewOf(data), 8, attributes.links)
  return entry('PX', data)
}

/** Modification, access and attribute change, in the seven-byte form. */
function timeEntry(date: Date): Uint8Array {
  const stamp = shortDate(date)
  return entry('TF', Uint8Array.of(0x0e, ...stamp, ...stamp, ...stamp))
}

function nameEntries(name: string): Uint8Array[] {
  const bytes = Buffer.from(name, 'utf8')
  const entries: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += maxNamePerEntry) {
    const isLast = at + maxNamePerEntry >= bytes.length
    entries.push(entry('NM', Uint8Array.of(isLast ? 0 : 1, ...bytes.subarray(at, at + maxNamePerEntry))))
  }
  return entries
}

export function directoryMode(permissions = 0o555): number {
  return fileType.directory | permissions
}

export function regularMode(permissions: number): number {
  return fileType.regular | (permissions & 0o7777)
}

/** Entries of an ordinary record, the name last: that is what moves to a continuation area. */
export function entriesFor(name: string, attributes: PosixAttributes, date: Date): Uint8Array[] {
  return [posixEntry(attributes), timeEntry(date), ...nameEntries(name)]
}

/** Entries of a folder's own "." and ".." records. */
export function selfEntries(attributes: PosixAttributes, date: Date): Uint8Array[] {
  return [posixEntry(attributes), timeEntry(date)]
}

/** The root's "." record says that SUSP is used, and which extension. */
export function rootEntries(attributes: PosixAttributes, date: Date): Uint8Array[] {
  const id = 'RRIP_1991A'
  const extension = Uint8Array.of(id.length, 0, 0, 1, ...Buffer.from(id, 'latin1'))
  return [entry('SP', Uint8Array.of(0xbe, 0xef, 0)), ...selfEntries(attributes, date), entry('ER', extension)]
}

export function continuationEntry(sector: number, offsetBytes: number, lengthBytes: number): Uint8Array {
  const data = new Uint8Array(24)
  putBoth32(viewOf(data), 0, sector)
  putBoth32(viewOf(data), 8, offsetBytes)
  putBoth32(viewOf(data), 16, lengthBytes)
  return entry('CE', data)
}

export interface Continuation {
  readonly sector: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/** What one system use area says; names are gathered over several areas. */
export interface SystemUse {
  readonly nameBytes: readonly number[]
  readonly hasName: boolean
  readonly mode: number | undefined
  readonly isSymlink: boolean
  readonly hasSharingProtocol: boolean
  /** SP's LEN_SKP: bytes to skip in every later system use area. */
  readonly skipBytes: number
  readonly continuation: Continuation | undefined
}

const nothing: SystemUse = {
  nameBytes: [],
  hasName: false,
  mode: undefined,
  isSymlink: false,
  hasSharingProtocol: false,
  skipBytes: 0,
  continuation: undefined,
}

function applyEntry(found: SystemUse, signature: string, data: Uint8Array): SystemUse {
  const view = viewOf(data)
  switch (signature) {
    case 'SP':
      return data.length >= 3 && data[0] === 0xbe && data[1] === 0xef
        ? { ...found, hasSharingProtocol: true, skipBytes: data[2] ?? 0 }
        : found
    case 'NM': // flags 2 and 4: the current and the parent folder
      return data.length >= 1 && ((data[0] ?? 0) & 6) === 0
        ? { ...found, hasName: true, nameBytes: [...found.nameBytes, ...data.subarray(1)] }
        : found
    case 'PX':
      return data.length >= 8 ? { ...found, mode: view.getUint32(0, true) } : found
    case 'SL':
      return { ...found, isSymlink: true }
    case 'CE':
      return data.length >= 24
        ? {
            ...found,
            continuation: {
              sector: view.getUint32(0, true),
              offsetBytes: view.getUint32(8, true),
              lengthBytes: view.getUint32(16, true),
            },
          }
        : found
    default:
      return found
  }
}

/** Reads what can be understood and stops at the first entry that cannot be. */
export function parseSystemUse(area: Uint8Array, before: SystemUse = nothing): SystemUse {
  let found: SystemUse = { ...before, continuation: undefined }
  for (let at = 0; at + 4 <= area.length;) {
    const lengthBytes = area[at + 2] ?? 0
    if (lengthBytes < 4 || at + lengthBytes > area.length) break
    const signature = latinText(area.subarray(at, at + 2))
    if (signature === 'ST') break
    found = applyEntry(found, signature, area.subarray(at + 4, at + lengthBytes))
    at += lengthBytes
  }
  return found
}
