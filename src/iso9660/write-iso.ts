import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, basename, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { bootRecordDescriptor, uefiBootCatalog } from './boot-catalog.ts'
import {
  ContinuationArea,
  directoryRecord,
  pathTableOrder,
  renderDirectory,
  renderPathTable,
} from './directory-writer.ts'
import type { Extent, NameSpace } from './directory-writer.ts'
import {
  asciiBytes,
  descriptorType,
  firstDescriptorSector,
  jolietEscape,
  longDate,
  putBoth16,
  putBoth32,
  recordFlag,
  sectorBytes,
  sectorsOf,
  viewOf,
  wideBytes,
} from './format.ts'
import { checkVolumeLabel } from './names.ts'
import { buildTree, contentBytes, filesOf } from './tree.ts'
import type { DirectoryNode, IsoContent, IsoInputFile } from './tree.ts'

export interface IsoOptions {
  /** 1-32 printable ASCII characters; Joliet keeps the first 16. */
  readonly volumeLabel: string
  readonly files: readonly IsoInputFile[]
  /** A FAT image for El Torito, platform UEFI, no emulation. It is not listed as a file. */
  readonly efiBoot?: { readonly image: Uint8Array }
  /** Every time stamp in the image: the same options give the same bytes. */
  readonly date: Date
}

/** A part of the image: bytes that we made, or content at its place. */
interface Piece {
  readonly sector: number
  readonly data: IsoContent
}

interface IsoPlan {
  readonly sizeBytes: number
  readonly pieces: readonly Piece[]
}

/** Hands out sectors one after the other. */
class SectorCounter {
  next: number

  constructor(first: number) {
    this.next = first
  }

  take(sizeBytes: number): number {
    const sector = this.next
    this.next += sectorsOf(sizeBytes)
    return sector
  }
}

interface Volume {
  readonly space: NameSpace
  readonly order: readonly DirectoryNode[]
  readonly extents: ReadonlyMap<DirectoryNode, Extent>
  readonly pathTableBytes: number
  readonly littleSector: number
  readonly bigSector: number
}

const nowhere: Extent = { sector: 0, sizeBytes: 0 }

/** Sizes do not depend on places, so the folders are rendered once with no place known, only to be measured. */
function layOutVolume(root: DirectoryNode, space: NameSpace, date: Date, sectors: SectorCounter): Volume {
  const order = pathTableOrder(root, space)
  const pathTableBytes = renderPathTable(order, space, () => nowhere, true).length
  const littleSector = sectors.take(pathTableBytes)
  const bigSector = sectors.take(pathTableBytes)
  const unplaced = { space, date, extentOf: () => nowhere, continuation: new ContinuationArea(0) }
  const extents = new Map(
    order.map((directory) => {
      const sizeBytes = renderDirectory(directory, unplaced).length
      return [directory, { sector: sectors.take(sizeBytes), sizeBytes }]
    }),
  )
  return { space, order, extents, pathTableBytes, littleSector, bigSector }
}

function continuationBytes(volume: Volume, date: Date): number {
  const continuation = new ContinuationArea(0)
  for (const directory of volume.order)
    renderDirectory(directory, { space: 'iso', date, extentOf: () => nowhere, continuation })
  return continuation.bytes.length
}

function renderVolume(volume: Volume, date: Date, continuation: ContinuationArea): Piece[] {
  const extentOf = (directory: DirectoryNode) => volume.extents.get(directory) ?? nowhere
  const context = { space: volume.space, date, extentOf, continuation }
  return [
    { sector: volume.littleSector, data: renderPathTable(volume.order, volume.space, extentOf, true) },
    { sector: volume.bigSector, data: renderPathTable(volume.order, volume.space, extentOf, false) },
    ...volume.order.map((directory) => ({
      sector: extentOf(directory).sector,
      data: renderDirectory(directory, context),
    })),
  ]
}

/** ECMA-119 8.4 (primary) and 8.5 (supplementary: texts in UCS-2 and an escape sequence). */
function volumeDescriptor(volume: Volume, label: string, totalSectors: number, date: Date): Uint8Array {
  const sector = new Uint8Array(sectorBytes)
  const view = viewOf(sector)
  const isJoliet = volume.space === 'joliet'
  const put = (at: number, lengthBytes: number, text: string) => {
    const padded = isJoliet
      ? wideBytes(text.slice(0, lengthBytes / 2).padEnd(Math.ceil(lengthBytes / 2)))
      : asciiBytes(text.padEnd(lengthBytes))
    sector.set(padded.subarray(0, lengthBytes), at)
  }
  sector.set([isJoliet ? descriptorType.supplementary : descriptorType.primary, ...asciiBytes('CD001'), 1])
  put(8, 32, '')
  put(40, 32, label)
  putBoth32(view, 80, totalSectors)
  if (isJoliet) sector.set(asciiBytes(jolietEscape), 88)
  putBoth16(view, 120, 1)
  putBoth16(view, 124, 1)
  putBoth16(view, 128, sectorBytes)
  putBoth32(view, 132, volume.pathTableBytes)
  view.setUint32(140, volume.littleSector, true)
  view.setUint32(148, volume.bigSector, false)
  const root = volume.order[0]
  const rootExtent = (root && volume.extents.get(root)) ?? nowhere
  sector.set(directoryRecord(Uint8Array.of(0), rootExtent, recordFlag.directory, date, new Uint8Array(0)), 156)
  for (const at of [190, 318, 446, 574]) put(at, 128, at === 574 ? 'AZL-VM' : '')
  for (const at of [702, 739, 776]) put(at, 37, '')
  for (const at of [813, 830]) sector.set(longDate(date), at)
  sector.set(longDate(undefined), 847)
  sector.set(longDate(undefined), 864)
  sector[881] = 1
  return sector
}

function terminator(): Uint8Array {
  const sector = new Uint8Array(sectorBytes)
  sector.set([descriptorType.terminator, ...asciiBytes('CD001'), 1])
  return sector
}

function planBoot(options: IsoOptions, sectors: SectorCounter): Piece[] {
  if (options.efiBoot === undefined) return []
  const { image } = options.efiBoot
  const catalogSector = sectors.take(sectorBytes)
  const imageSector = sectors.take(image.length)
  return [
    { sector: firstDescriptorSector + 1, data: bootRecordDescriptor(catalogSector) },
    { sector: catalogSector, data: uefiBootCatalog(imageSector, image.length) },
    { sector: imageSector, data: image },
  ]
}

/** Where everything goes. Order: descriptors, boot catalog and image, folders, files. */
function planIso(options: IsoOptions): IsoPlan {
  checkVolumeLabel(options.volumeLabel)
  const { date } = options
  const root = buildTree(options.files)
  const descriptors = options.efiBoot === undefined ? 3 : 4
  const sectors = new SectorCounter(firstDescriptorSector + descriptors)
  const bootPieces = planBoot(options, sectors)
  const primary = layOutVolume(root, 'iso', date, sectors)
  const joliet = layOutVolume(root, 'joliet', date, sectors)
  const continuation = new ContinuationArea(sectors.take(continuationBytes(primary, date)))
  const files = filesOf(root)
  // An empty file has no extent of its own; its record must still name a sector within the volume.
  for (const file of files) file.sector = sectors.take(contentBytes(file.data))
  for (const file of files) if (contentBytes(file.data) === 0) file.sector = firstDescriptorSector
  const folders = [...renderVolume(primary, date, continuation), ...renderVolume(joliet, date, continuation)]
  const jolietSector = firstDescriptorSector + descriptors - 2
  const pieces: Piece[] = [
    { sector: firstDescriptorSector, data: volumeDescriptor(primary, options.volumeLabel, sectors.next, date) },
    { sector: jolietSector, data: volumeDescriptor(joliet, options.volumeLabel, sectors.next, date) },
    { sector: jolietSector + 1, data: terminator() },
    ...bootPieces,
    ...folders,
    { sector: continuation.startSector, data: continuation.bytes },
    ...files.map((file) => ({ sector: file.sector, data: file.data })),
  ].filter((piece) => contentBytes(piece.data) > 0)
  return { sizeBytes: sectors.next * sectorBytes, pieces }
}

/** The whole image in memory; every file's content must be there too. */
export function buildIso(options: IsoOptions): Uint8Array {
  const plan = planIso(options)
  const image = new Uint8Array(plan.sizeBytes)
  for (const { sector, data } of plan.pieces) {
    if (!(data instanceof Uint8Array)) throw new TypeError(`'${data.hostPath}' is on the host: use writeIsoFile`)
    image.set(data, sector * sectorBytes)
  }
  return image
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, positionBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, positionBytes + done)
    done += bytesWritten
  }
}

async function writePiece(handle: FileHandle, piece: Piece, signal: AbortSignal | undefined): Promise<void> {
  const start = piece.sector * sectorBytes
  if (piece.data instanceof Uint8Array) return writeAll(handle, piece.data, start)
  const { hostPath, sizeBytes } = piece.data
  let done = 0
  for await (const chunk of createReadStream(hostPath, signal === undefined ? {} : { signal })) {
    const bytes = chunk as Buffer
    if (done + bytes.length > sizeBytes) throw new Error(`'${hostPath}' became longer while it was copied`)
    await writeAll(handle, bytes, start + done)
    done += bytes.length
  }
  if (done !== sizeBytes) throw new Error(`'${hostPath}' has ${done} bytes; ${sizeBytes} were expected`)
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; there the rename is durable with the volume's own journal.
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

/** Writes a file so that `path` holds the old content or the whole new one, also after a crash. */
async function replaceFile(path: string, mode: number, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx', mode)
  try {
    try {
      await fill(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

export interface WriteIsoSettings {
  readonly signal?: AbortSignal
  /** Permissions of the file; default 0o644. Use 0o600 for an image that holds a secret. */
  readonly mode?: number
}

/**
 * Writes the image to `path`, streaming the contents that lie on the host; returns its size.
 * The file appears whole or not at all (temporary name in the same folder, fsync, rename).
 */
export async function writeIsoFile(
  path: string,
  options: IsoOptions,
  settings: WriteIsoSettings = {},
): Promise<number> {
  const plan = planIso(options)
  await replaceFile(path, settings.mode ?? 0o644, async (handle) => {
    await handle.truncate(plan.sizeBytes)
    for (const piece of plan.pieces) {
      settings.signal?.throwIfAborted()
      await writePiece(handle, piece, settings.signal)
    }
  })
  return plan.sizeBytes
}
