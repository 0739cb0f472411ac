import { latinText, recordFlag, sectorBytes, viewOf, wideText } from './format.ts'
import { IsoError } from './iso-error.ts'
import { parseSystemUse } from './rock-ridge.ts'
import type { SystemUse } from './rock-ridge.ts'
import type { RandomAccessSource } from './source.ts'

/** Which of the names in the image are read; Rock Ridge is preferred, then Joliet. */
export type IsoNames = 'rock-ridge' | 'joliet' | 'iso9660'

export interface IsoExtent {
  readonly offsetBytes: number
  readonly sizeBytes: number
}

export interface IsoEntry {
  readonly name: string
  readonly kind: 'file' | 'directory' | 'symlink'
  /** Of a folder: its records. */
  readonly sizeBytes: number
  /** More than one for files over 4 GiB. */
  readonly extents: readonly IsoExtent[]
  /** POSIX type and permissions, where Rock Ridge says them. */
  readonly mode: number | undefined
}

interface RawRecord {
  readonly extent: IsoExtent
  readonly flags: number
  readonly identifier: Uint8Array
  readonly systemUse: Uint8Array
}

export const maxDirectoryBytes = 16 * 1024 * 1024
const maxContinuations = 16
const fixedRecordBytes = 33

/** The record at this place, or undefined where it cannot be one. */
export function parseRecord(bytes: Uint8Array): RawRecord | undefined {
  const lengthBytes = bytes[0] ?? 0
  const nameBytes = bytes[32] ?? 0
  if (lengthBytes < fixedRecordBytes + 1 || lengthBytes > bytes.length) return undefined
  if (nameBytes === 0 || fixedRecordBytes + nameBytes > lengthBytes) return undefined
  const view = viewOf(bytes)
  const extendedSectors = bytes[1] ?? 0
  const nameEnd = fixedRecordBytes + nameBytes
  return {
    extent: {
      offsetBytes: (view.getUint32(2, true) + extendedSectors) * sectorBytes,
      sizeBytes: view.getUint32(10, true),
    },
    flags: bytes[25] ?? 0,
    identifier: bytes.subarray(fixedRecordBytes, nameEnd),
    systemUse: bytes.subarray(Math.min(nameEnd + (nameBytes % 2 === 0 ? 1 : 0), lengthBytes), lengthBytes),
  }
}

/** Records of a folder; a zero length ends a sector, an impossible one is an error. */
function splitRecords(bytes: Uint8Array): RawRecord[] {
  const records: RawRecord[] = []
  for (let at = 0; at < bytes.length;) {
    const inSector = sectorBytes - (at % sectorBytes)
    const lengthBytes = bytes[at] ?? 0
    if (lengthBytes === 0) {
      at += inSector
      continue
    }
    const record = parseRecord(bytes.subarray(at, at + inSector))
    if (record === undefined)
      throw new IsoError('malformed', `a directory record of ${lengthBytes} bytes cannot be read`)
    records.push(record)
    at += lengthBytes
  }
  return records
}

function isSelfOrParent(record: RawRecord): boolean {
  return record.identifier.length === 1 && (record.identifier[0] ?? 0) <= 1
}

/** Follows CE entries: at most sixteen, each within one read of a sector's size. */
export async function readSystemUse(source: RandomAccessSource, area: Uint8Array): Promise<SystemUse> {
  let found = parseSystemUse(area)
  for (let i = 0; i < maxContinuations && found.continuation !== undefined; i++) {
    const { sector, offsetBytes, lengthBytes } = found.continuation
    if (lengthBytes > sectorBytes) throw new IsoError('malformed', `a Rock Ridge continuation of ${lengthBytes} bytes`)
    found = parseSystemUse(await source.read(sector * sectorBytes + offsetBytes, lengthBytes), found)
  }
  return found
}

function isoFileName(identifier: Uint8Array): string {
  const text = latinText(identifier).replace(/;\d+$/, '') // "README.TXT;1"
  return text.endsWith('.') ? text.slice(0, -1) : text
}

function plainName(record: RawRecord, names: IsoNames): string {
  return names === 'joliet' ? wideText(record.identifier).replace(/;\d+$/, '') : isoFileName(record.identifier)
}

function kindOf(record: RawRecord, systemUse: SystemUse | undefined): IsoEntry['kind'] {
  if (systemUse?.isSymlink === true) return 'symlink'
  return (record.flags & recordFlag.directory) !== 0 ? 'directory' : 'file'
}

async function toEntry(
  source: RandomAccessSource,
  record: RawRecord,
  names: IsoNames,
  skipBytes: number,
): Promise<IsoEntry> {
  const systemUse =
    names === 'rock-ridge' ? await readSystemUse(source, record.systemUse.subarray(skipBytes)) : undefined
  const name =
    systemUse?.hasName === true ? Buffer.from(systemUse.nameBytes).toString('utf8') : plainName(record, names)
  return {
    name,
    kind: kindOf(record, systemUse),
    sizeBytes: record.extent.sizeBytes,
    extents: [record.extent],
    mode: systemUse?.mode,
  }
}

/** Joins the records of one file that has several extents. */
function append(entries: IsoEntry[], entry: IsoEntry, isContinued: boolean): void {
  const last = isContinued ? entries.pop() : undefined
  if (last === undefined) entries.push(entry)
  else
    entries.push({ ...last, sizeBytes: last.sizeBytes + entry.sizeBytes, extents: [...last.extents, ...entry.extents] })
}

/** The folder's entries without "." and "..", in the image's order. */
export async function readDirectory(
  source: RandomAccessSource,
  directory: IsoEntry,
  names: IsoNames,
  skipBytes: number,
): Promise<IsoEntry[]> {
  if (directory.sizeBytes > maxDirectoryBytes)
    throw new IsoError('malformed', `a folder of ${directory.sizeBytes} bytes`)
  const [extent] = directory.extents
  const bytes = extent === undefined ? new Uint8Array(0) : await source.read(extent.offsetBytes, extent.sizeBytes)
  const entries: IsoEntry[] = []
  let isContinued = false
  for (const record of splitRecords(bytes)) {
    if (isSelfOrParent(record)) continue
    append(entries, await toEntry(source, record, names, skipBytes), isContinued)
    isContinued = (record.flags & recordFlag.multiExtent) !== 0
  }
  return entries
}
