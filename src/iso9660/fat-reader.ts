import { latinText, viewOf } from './format.ts'
import { IsoError } from './iso-error.ts'
import type { RandomAccessSource } from './source.ts'

/** FAT12, FAT16 and FAT32 by 8.3 names: enough to find a boot loader in an El Torito image. */
export interface FatVolume {
  readonly type: 'FAT12' | 'FAT16' | 'FAT32'
  /** What the boot sector says: the catalog's load size is often wrong. */
  readonly sizeBytes: number
  /** The file's first `maxBytes` bytes, or undefined where there is no such file. Without regard to case. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array | undefined>
}

interface Layout {
  readonly type: FatVolume['type']
  readonly sectorBytes: number
  readonly clusterBytes: number
  readonly fatAt: number
  readonly fatBytes: number
  readonly rootAt: number
  readonly rootBytes: number
  readonly rootCluster: number
  readonly dataAt: number
  readonly clusters: number
  readonly sizeBytes: number
}

interface FatEntry {
  readonly name: string
  readonly isDirectory: boolean
  readonly cluster: number
  readonly sizeBytes: number
}

const entryBytes = 32
const maxFolderBytes = 2 * 1024 * 1024
const attribute = { volumeLabel: 0x08, directory: 0x10, longName: 0x0f } as const

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0
}

/** Microsoft FAT specification (fatgen103), "Boot Sector and BPB", "FAT Type Determination". */
function parseBootSector(sector: Uint8Array): Layout {
  const view = viewOf(sector)
  const sectorBytes = view.getUint16(11, true)
  const perCluster = sector[13] ?? 0
  const reserved = view.getUint16(14, true)
  const copies = sector[16] ?? 0
  const fatSectors = view.getUint16(22, true) || view.getUint32(36, true)
  const totalSectors = view.getUint16(19, true) || view.getUint32(32, true)
  const isPlausible = sectorBytes >= 512 && sectorBytes <= 4096 && isPowerOfTwo(sectorBytes) && isPowerOfTwo(perCluster)
  if (!isPlausible || reserved === 0 || copies === 0 || copies > 4 || fatSectors === 0 || totalSectors === 0) {
    throw new IsoError('not-fat', 'there is no FAT boot sector')
  }
  const rootAt = (reserved + copies * fatSectors) * sectorBytes
  const rootBytes = view.getUint16(17, true) * entryBytes
  const dataAt = rootAt + Math.ceil(rootBytes / sectorBytes) * sectorBytes
  const clusters = Math.floor((totalSectors * sectorBytes - dataAt) / (perCluster * sectorBytes))
  if (clusters <= 0) throw new IsoError('not-fat', 'the FAT boot sector leaves no room for files')
  return {
    type: clusters < 4085 ? 'FAT12' : clusters < 65525 ? 'FAT16' : 'FAT32',
    sectorBytes,
    clusterBytes: perCluster * sectorBytes,
    fatAt: reserved * sectorBytes,
    fatBytes: fatSectors * sectorBytes,
    rootAt,
    rootBytes,
    rootCluster: view.getUint32(44, true),
    dataAt,
    clusters,
    sizeBytes: totalSectors * sectorBytes,
  }
}

class Volume implements FatVolume {
  readonly #source: RandomAccessSource
  readonly #layout: Layout

  constructor(source: RandomAccessSource, layout: Layout) {
    this.#source = source
    this.#layout = layout
  }

  get type(): FatVolume['type'] {
    return this.#layout.type
  }

  get sizeBytes(): number {
    return this.#layout.sizeBytes
  }

  /** The cluster after this one, or undefined at the end of the chain (or where it leaves the volume). */
  async #next(cluster: number): Promise<number | undefined> {
    const { type, fatAt, fatBytes, clusters } = this.#layout
    const at = type === 'FAT12' ? cluster + Math.floor(cluster / 2) : cluster * (type === 'FAT16' ? 2 : 4)
    const width = type === 'FAT32' ? 4 : 2
    if (at + width > fatBytes) return undefined
    const view = viewOf(await this.#source.read(fatAt + at, width))
    const value =
      type === 'FAT32'
        ? view.getUint32(0, true) & 0x0fffffff
        : type === 'FAT16'
          ? view.getUint16(0, true)
          : cluster % 2 === 0
            ? view.getUint16(0, true) & 0xfff
            : view.getUint16(0, true) >> 4
    return value >= 2 && value < clusters + 2 ? value : undefined
  }

  /** At most `maxBytes` bytes of a chain. A chain that bites its tail ends with the bound. */
  async #chain(first: number, maxBytes: number): Promise<Uint8Array> {
    const { dataAt, clusterBytes, clusters } = this.#layout
    const parts: Uint8Array[] = []
    let filled = 0
    let cluster: number | undefined = first >= 2 && first < clusters + 2 ? first : undefined
    while (cluster !== undefined && filled < maxBytes) {
      const lengthBytes = Math.min(clusterBytes, maxBytes - filled)
      parts.push(await this.#source.read(dataAt + (cluster - 2) * clusterBytes, lengthBytes))
      filled += lengthBytes
      cluster = await this.#next(cluster)
    }
    return Buffer.concat(parts)
  }

  #root(): Promise<Uint8Array> {
    const { type, rootAt, rootBytes, rootCluster } = this.#layout
    return type === 'FAT32' ? this.#chain(rootCluster, maxFolderBytes) : this.#source.read(rootAt, rootBytes)
  }

  async #find(path: string): Promise<FatEntry | undefined> {
    const parts = path.toUpperCase().split('/')
    let folder = await this.#root()
    for (const [index, part] of parts.entries()) {
      const found = parseEntries(folder).find(({ name }) => name === part)
      if (found === undefined || index === parts.length - 1) return found
      if (!found.isDirectory) return undefined
      folder = await this.#chain(found.cluster, maxFolderBytes)
    }
    return undefined
  }

  async readFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const found = await this.#find(path)
    if (found === undefined || found.isDirectory) return undefined
    return this.#chain(found.cluster, Math.min(maxBytes, found.sizeBytes))
  }
}

function parseEntries(folder: Uint8Array): FatEntry[] {
  const entries: FatEntry[] = []
  for (let at = 0; at + entryBytes <= folder.length; at += entryBytes) {
    const entry = folder.subarray(at, at + entryBytes)
    const first = entry[0] ?? 0
    if (first === 0) break // no entry from here on
    const flags = entry[11] ?? 0
    if (first === 0xe5 || (flags & attribute.longName) === attribute.longName || (flags & attribute.volumeLabel) !== 0)
      continue
    const stem = latinText(entry.subarray(0, 8)).trimEnd()
    const extension = latinText(entry.subarray(8, 11)).trimEnd()
    const view = viewOf(entry)
    entries.push({
      name: extension === '' ? stem : `${stem}.${extension}`,
      isDirectory: (flags & attribute.directory) !== 0,
      cluster: view.getUint16(26, true) | (view.getUint16(20, true) << 16),
      sizeBytes: view.getUint32(28, true),
    })
  }
  return entries
}

/** Rejects with IsoError 'not-fat' where the source does not begin with a FAT boot sector. */
export async function openFat(source: RandomAccessSource): Promise<FatVolume> {
  if (source.sizeBytes < 512) throw new IsoError('not-fat', `an image of ${source.sizeBytes} bytes`)
  return new Volume(source, parseBootSector(await source.read(0, 512)))
}
