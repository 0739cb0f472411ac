import { asciiBytes, putBoth16, putBoth32, recordFlag, sectorBytes, shortDate, viewOf, wideBytes } from './format.ts'
import {
  continuationEntry,
  continuationEntryBytes,
  directoryMode,
  entriesFor,
  regularMode,
  rootEntries,
  selfEntries,
} from './rock-ridge.ts'
import { contentBytes } from './tree.ts'
import type { DirectoryNode, TreeNode } from './tree.ts'

/** The same folders are written twice: with ISO and Rock Ridge names, and with Joliet names. */
export type NameSpace = 'iso' | 'joliet'

export interface Extent {
  readonly sector: number
  readonly sizeBytes: number
}

const fixedRecordBytes = 33
const maxRecordBytes = 254

/** Rock Ridge entries that do not fit into their record; none crosses a sector. */
export class ContinuationArea {
  readonly startSector: number
  #bytes = new Uint8Array(0)
  #used = 0

  constructor(startSector: number) {
    this.startSector = startSector
  }

  /** Stores the bytes and returns the CE entry that points to them. */
  add(bytes: Uint8Array): Uint8Array {
    const room = sectorBytes - (this.#used % sectorBytes)
    if (bytes.length > room) this.#used += room
    const at = this.#used
    this.#used += bytes.length
    const grown = new Uint8Array(Math.ceil(this.#used / sectorBytes) * sectorBytes)
    grown.set(this.#bytes)
    grown.set(bytes, at)
    this.#bytes = grown
    return continuationEntry(this.startSector + Math.floor(at / sectorBytes), at % sectorBytes, bytes.length)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }
}

export interface DirectoryContext {
  readonly space: NameSpace
  readonly date: Date
  readonly extentOf: (directory: DirectoryNode) => Extent
  readonly continuation: ContinuationArea
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** ECMA-119 9.1. */
export function directoryRecord(
  identifier: Uint8Array,
  extent: Extent,
  flags: number,
  date: Date,
  systemUse: Uint8Array,
): Uint8Array {
  const nameEnd = fixedRecordBytes + identifier.length + (identifier.length % 2 === 0 ? 1 : 0)
  const lengthBytes = nameEnd + systemUse.length + (systemUse.length % 2)
  const record = new Uint8Array(lengthBytes)
  const view = viewOf(record)
  record[0] = lengthBytes
  putBoth32(view, 2, extent.sector)
  putBoth32(view, 10, extent.sizeBytes)
  record.set(shortDate(date), 18)
  record[25] = flags
  putBoth16(view, 28, 1)
  record[32] = identifier.length
  record.set(identifier, fixedRecordBytes)
  record.set(systemUse, nameEnd)
  return record
}

/** Keeps leading entries in the record and moves the rest behind a CE entry where they do not all fit. */
function fitEntries(entries: readonly Uint8Array[], roomBytes: number, continuation: ContinuationArea): Uint8Array {
  const all = concat(entries)
  if (all.length <= roomBytes) return all
  const kept: Uint8Array[] = []
  let used = continuationEntryBytes
  for (const entry of entries) {
    if (used + entry.length > roomBytes) break
    kept.push(entry)
    used += entry.length
  }
  return concat([...kept, continuation.add(concat(entries.slice(kept.length)))])
}

export function identifierOf(node: TreeNode, space: NameSpace): Uint8Array {
  if (space === 'joliet') return wideBytes(node.jolietName) // without a version, as genisoimage and xorriso do
  return asciiBytes(node.kind === 'file' ? `${node.isoName};1` : node.isoName)
}

function linksOf(directory: DirectoryNode): number {
  return 2 + [...directory.children.values()].filter((child) => child.kind === 'directory').length
}

function childRecord(node: TreeNode, context: DirectoryContext): Uint8Array {
  const identifier = identifierOf(node, context.space)
  const isDirectory = node.kind === 'directory'
  const extent = isDirectory ? context.extentOf(node) : { sector: node.sector, sizeBytes: contentBytes(node.data) }
  const attributes = isDirectory
    ? { mode: directoryMode(), links: linksOf(node) }
    : { mode: regularMode(node.mode), links: 1 }
  const room = maxRecordBytes - fixedRecordBytes - identifier.length - (identifier.length % 2 === 0 ? 1 : 0)
  const entries = context.space === 'iso' ? entriesFor(node.name, attributes, context.date) : []
  const systemUse = fitEntries(entries, room, context.continuation)
  return directoryRecord(identifier, extent, isDirectory ? recordFlag.directory : 0, context.date, systemUse)
}

function selfRecords(directory: DirectoryNode, context: DirectoryContext): Uint8Array[] {
  const parent = directory.parent ?? directory
  const record = (id: number, target: DirectoryNode, entries: readonly Uint8Array[]) =>
    directoryRecord(
      Uint8Array.of(id),
      context.extentOf(target),
      recordFlag.directory,
      context.date,
      concat(context.space === 'iso' ? entries : []),
    )
  const own = { mode: directoryMode(), links: linksOf(directory) }
  const above = { mode: directoryMode(), links: linksOf(parent) }
  const first = directory.parent === undefined ? rootEntries(own, context.date) : selfEntries(own, context.date)
  return [record(0, directory, first), record(1, parent, selfEntries(above, context.date))]
}

/** ECMA-119 9.3: by identifier; "." sorts before every other character that a name can have. */
export function sortedChildren(directory: DirectoryNode, space: NameSpace): TreeNode[] {
  return [...directory.children.values()].sort((a, b) => Buffer.compare(identifierOf(a, space), identifierOf(b, space)))
}

/** The folder's extent: records do not cross sectors, the rest of each sector is zero. */
export function renderDirectory(directory: DirectoryNode, context: DirectoryContext): Uint8Array {
  const records = [
    ...selfRecords(directory, context),
    ...sortedChildren(directory, context.space).map((child) => childRecord(child, context)),
  ]
  const parts: Uint8Array[] = []
  let used = 0
  for (const record of records) {
    const room = sectorBytes - (used % sectorBytes)
    if (record.length > room) {
      parts.push(new Uint8Array(room))
      used += room
    }
    parts.push(record)
    used += record.length
  }
  parts.push(new Uint8Array((sectorBytes - (used % sectorBytes)) % sectorBytes))
  return concat(parts)
}

/** ECMA-119 6.9.1: level by level, in each by parent and name. */
export function pathTableOrder(root: DirectoryNode, space: NameSpace): DirectoryNode[] {
  const order = [root]
  for (let i = 0; i < order.length; i++) {
    const directory = order[i]
    if (directory === undefined) break
    order.push(...sortedChildren(directory, space).filter((child) => child.kind === 'directory'))
  }
  return order
}

/** ECMA-119 9.4. */
export function renderPathTable(
  order: readonly DirectoryNode[],
  space: NameSpace,
  extentOf: (directory: DirectoryNode) => Extent,
  isLittleEndian: boolean,
): Uint8Array {
  const numbers = new Map(order.map((directory, index) => [directory, index + 1]))
  const records = order.map((directory) => {
    const identifier = directory.parent === undefined ? Uint8Array.of(0) : identifierOf(directory, space)
    const record = new Uint8Array(8 + identifier.length + (identifier.length % 2))
    record[0] = identifier.length
    viewOf(record).setUint32(2, extentOf(directory).sector, isLittleEndian)
    viewOf(record).setUint16(6, numbers.get(directory.parent ?? directory) ?? 1, isLittleEndian)
    record.set(identifier, 8)
    return record
  })
  return concat(records)
}
