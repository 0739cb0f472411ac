import { bootCatalogSector, parseBootCatalog } from './boot-catalog.ts'
import type { IsoBootEntry } from './boot-catalog.ts'
import { parseRecord, readDirectory, readSystemUse } from './directory-reader.ts'
import type { IsoEntry, IsoNames } from './directory-reader.ts'
import { descriptorType, firstDescriptorSector, latinText, sectorBytes, viewOf, wideText } from './format.ts'
import { IsoError } from './iso-error.ts'
import { fileSource, maxReadBytes, windowSource } from './source.ts'
import type { RandomAccessSource } from './source.ts'

export interface IsoImage {
  readonly source: RandomAccessSource
  readonly volumeLabel: string
  /** The first 16 characters in Joliet; undefined without Joliet. */
  readonly jolietLabel: string | undefined
  /** What the volume descriptor says: a file that is shorter is truncated. */
  readonly declaredBytes: number
  readonly isTruncated: boolean
  /** The names that paths are made of. */
  readonly names: IsoNames
  readonly bootEntries: readonly IsoBootEntry[]
  /** Entries of a folder; "" is the root. */
  list(path: string): Promise<readonly IsoEntry[]>
  /** Exact names first, else without regard to case. IsoError 'not-found'. */
  stat(path: string): Promise<IsoEntry>
  /** The whole file, up to `maxBytes` (default 64 MiB): IsoError 'too-large'. */
  readFile(path: string, maxBytes?: number): Promise<Uint8Array>
  /** The file's first extent as a source of its own. */
  openFile(path: string): Promise<RandomAccessSource>
  /** Every file's path and entry, depth first; folders that contain themselves are entered once. */
  walk(): AsyncGenerator<{ readonly path: string; readonly entry: IsoEntry }>
  close(): Promise<void>
}

export interface OpenIsoOptions {
  /** Default: the best that the image has. */
  readonly names?: IsoNames
}

interface Descriptors {
  readonly primary: Uint8Array
  readonly joliet: Uint8Array | undefined
  readonly catalogSector: number | undefined
}

interface Tree {
  readonly names: IsoNames
  readonly root: IsoEntry
  readonly skipBytes: number
}

const maxDescriptors = 32
const maxDepth = 64
const maxWalkedEntries = 1_000_000
const catalogBytes = 2 * sectorBytes

function isJoliet(descriptor: Uint8Array): boolean {
  return descriptor[0] === descriptorType.supplementary && /^%\/[@CE]/.test(latinText(descriptor.subarray(88, 91))) // "%/E"
}

async function readDescriptors(source: RandomAccessSource): Promise<Descriptors> {
  let primary: Uint8Array | undefined
  let joliet: Uint8Array | undefined
  let catalogSector: number | undefined
  for (let i = 0; i < maxDescriptors; i++) {
    const offsetBytes = (firstDescriptorSector + i) * sectorBytes
    if (offsetBytes + sectorBytes > source.sizeBytes) break
    const descriptor = await source.read(offsetBytes, sectorBytes)
    if (latinText(descriptor.subarray(1, 6)) !== 'CD001') break
    if (descriptor[0] === descriptorType.primary) primary ??= descriptor
    else if (isJoliet(descriptor)) joliet ??= descriptor
    else if (descriptor[0] === descriptorType.terminator) break
    else catalogSector ??= bootCatalogSector(descriptor)
  }
  if (primary === undefined) throw new IsoError('not-iso', 'there is no ISO 9660 volume descriptor')
  if (viewOf(primary).getUint16(128, true) !== sectorBytes) {
    throw new IsoError(
      'malformed',
      `blocks of ${viewOf(primary).getUint16(128, true)} bytes; only ${sectorBytes} is known`,
    )
  }
  return { primary, joliet, catalogSector }
}

function rootOf(descriptor: Uint8Array): IsoEntry {
  const record = parseRecord(descriptor.subarray(156, 190))
  if (record === undefined) throw new IsoError('malformed', 'the volume has no root folder')
  return { name: '', kind: 'directory', sizeBytes: record.extent.sizeBytes, extents: [record.extent], mode: undefined }
}

/** SUSP 5.3: the first record of the root's extent says whether Rock Ridge is used. */
async function rockRidgeSkip(source: RandomAccessSource, root: IsoEntry): Promise<number | undefined> {
  const [extent] = root.extents
  if (extent === undefined || extent.offsetBytes + sectorBytes > source.sizeBytes) return undefined
  const record = parseRecord(await source.read(extent.offsetBytes, sectorBytes))
  if (record === undefined) return undefined
  const systemUse = await readSystemUse(source, record.systemUse).catch(() => undefined)
  return systemUse?.hasSharingProtocol === true ? systemUse.skipBytes : undefined
}

async function chooseTree(
  source: RandomAccessSource,
  descriptors: Descriptors,
  wanted: IsoNames | undefined,
): Promise<Tree> {
  const primary = rootOf(descriptors.primary)
  const skipBytes = wanted === undefined || wanted === 'rock-ridge' ? await rockRidgeSkip(source, primary) : undefined
  if (skipBytes !== undefined) return { names: 'rock-ridge', root: primary, skipBytes }
  if (descriptors.joliet !== undefined && (wanted === undefined || wanted === 'joliet')) {
    return { names: 'joliet', root: rootOf(descriptors.joliet), skipBytes: 0 }
  }
  if (wanted !== undefined && wanted !== 'iso9660') throw new IsoError('not-found', `the image has no ${wanted} names`)
  return { names: 'iso9660', root: primary, skipBytes: 0 }
}

async function readBootEntries(
  source: RandomAccessSource,
  sector: number | undefined,
): Promise<readonly IsoBootEntry[]> {
  if (sector === undefined) return []
  const offsetBytes = sector * sectorBytes
  const available = Math.min(catalogBytes, source.sizeBytes - offsetBytes)
  return available < sectorBytes ? [] : parseBootCatalog(await source.read(offsetBytes, available))
}

function trimmed(text: string): string {
  return text.replace(/[ \0]+$/, '')
}

class Image implements IsoImage {
  readonly source: RandomAccessSource
  readonly volumeLabel: string
  readonly jolietLabel: string | undefined
  readonly declaredBytes: number
  readonly bootEntries: readonly IsoBootEntry[]
  readonly #tree: Tree

  constructor(source: RandomAccessSource, descriptors: Descriptors, tree: Tree, bootEntries: readonly IsoBootEntry[]) {
    this.source = source
    this.volumeLabel = trimmed(latinText(descriptors.primary.subarray(40, 72)))
    this.jolietLabel = descriptors.joliet && trimmed(wideText(descriptors.joliet.subarray(40, 72)))
    this.declaredBytes = viewOf(descriptors.primary).getUint32(80, true) * sectorBytes
    this.bootEntries = bootEntries
    this.#tree = tree
  }

  get isTruncated(): boolean {
    return this.source.sizeBytes < this.declaredBytes
  }

  get names(): IsoNames {
    return this.#tree.names
  }

  #read(directory: IsoEntry): Promise<IsoEntry[]> {
    return readDirectory(this.source, directory, this.#tree.names, this.#tree.skipBytes)
  }

  async stat(path: string): Promise<IsoEntry> {
    let current = this.#tree.root
    for (const part of path.split('/').filter((text) => text !== '')) {
      const entries = current.kind === 'directory' ? await this.#read(current) : []
      const lower = part.toLowerCase()
      const found =
        entries.find(({ name }) => name === part) ?? entries.find(({ name }) => name.toLowerCase() === lower)
      if (found === undefined) throw new IsoError('not-found', `there is no '${path}' in the image`)
      current = found
    }
    return current
  }

  async list(path: string): Promise<readonly IsoEntry[]> {
    const entry = await this.stat(path)
    if (entry.kind !== 'directory') throw new IsoError('not-found', `'${path}' is no folder of the image`)
    return this.#read(entry)
  }

  async readFile(path: string, maxBytes = maxReadBytes): Promise<Uint8Array> {
    const entry = await this.#fileAt(path)
    if (entry.sizeBytes > maxBytes) throw new IsoError('too-large', `'${path}' has ${entry.sizeBytes} bytes`)
    const parts: Uint8Array[] = []
    for (const { offsetBytes, sizeBytes } of entry.extents) {
      if (sizeBytes > 0) parts.push(await this.source.read(offsetBytes, sizeBytes))
    }
    return Uint8Array.from(Buffer.concat(parts))
  }

  async openFile(path: string): Promise<RandomAccessSource> {
    const [extent] = (await this.#fileAt(path)).extents
    return windowSource(this.source, extent?.offsetBytes ?? 0, extent?.sizeBytes ?? 0)
  }

  async #fileAt(path: string): Promise<IsoEntry> {
    const entry = await this.stat(path)
    if (entry.kind !== 'file') throw new IsoError('not-a-file', `'${path}' is a ${entry.kind} of the image`)
    return entry
  }

  async *walk(): AsyncGenerator<{ readonly path: string; readonly entry: IsoEntry }> {
    const entered = new Set<number>()
    const open: { path: string; entry: IsoEntry; depth: number }[] = [{ path: '', entry: this.#tree.root, depth: 0 }]
    let walked = 0
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const offsetBytes = next.entry.extents[0]?.offsetBytes ?? 0
      if (next.depth > maxDepth || entered.has(offsetBytes)) continue
      entered.add(offsetBytes)
      for (const entry of await this.#read(next.entry)) {
        walked++
        if (walked > maxWalkedEntries) throw new IsoError('malformed', `more than ${maxWalkedEntries} files`)
        const path = next.path === '' ? entry.name : `${next.path}/${entry.name}`
        if (entry.kind === 'directory') open.push({ path, entry, depth: next.depth + 1 })
        else yield { path, entry }
      }
    }
  }

  close(): Promise<void> {
    return this.source.close()
  }
}

/**
 * Opens an image; the caller closes it. Rejects with IsoError ('not-iso', 'malformed', 'truncated') for what is no
 * image, and with the file system's own errors where the file cannot be opened. A truncated image opens as long as
 * its beginning is there: ask `isTruncated`.
 */
export async function openIso(from: string | RandomAccessSource, options: OpenIsoOptions = {}): Promise<IsoImage> {
  const source = typeof from === 'string' ? await fileSource(from) : from
  try {
    const descriptors = await readDescriptors(source)
    const tree = await chooseTree(source, descriptors, options.names)
    return new Image(source, descriptors, tree, await readBootEntries(source, descriptors.catalogSector))
  } catch (error) {
    if (typeof from === 'string') await source.close()
    throw error
  }
}
