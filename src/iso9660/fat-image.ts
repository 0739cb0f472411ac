import { asciiBytes, viewOf } from './format.ts'

/** FAT12 or FAT16 images with 8.3 names (Microsoft FAT specification, fatgen103), for El Torito and small media. */

export interface FatInputFile {
  /** "EFI/BOOT/BOOTX64.EFI": parts of at most 8.3 characters, taken in upper case. */
  readonly path: string
  readonly data: Uint8Array
}

export interface FatImageOptions {
  readonly files: readonly FatInputFile[]
  /** At most 11 characters. */
  readonly volumeLabel: string
  readonly date: Date
  /** Default: as small as the files allow, with a quarter to spare. */
  readonly sizeBytes?: number
}

interface FatNode {
  readonly name: string
  readonly data: Uint8Array | undefined
  readonly children: Map<string, FatNode>
  cluster: number
}

const sectorBytes = 512
const entryBytes = 32
const rootEntries = 112
const reservedSectors = 1
const fatCopies = 2
/** The number of clusters is what makes it FAT12 (fewer) or FAT16. */
const maxFat12Clusters = 4084
const maxFat16Clusters = 65524
const minImageBytes = 128 * 1024
const attribute = { volumeLabel: 0x08, directory: 0x10, archive: 0x20 } as const

interface Geometry {
  readonly totalSectors: number
  readonly sectorsPerCluster: number
  readonly sectorsPerFat: number
  readonly clusters: number
  readonly isFat12: boolean
}

function shortName(part: string, path: string): string {
  const match = /^([A-Z0-9_~-]{1,8})(?:\.([A-Z0-9_~-]{1,3}))?$/.exec(part.toUpperCase())
  if (match === null) throw new RangeError(`'${path}' is no path for a FAT image: '${part}' is no 8.3 name`)
  return (match[1] ?? '').padEnd(8) + (match[2] ?? '').padEnd(3)
}

function newNode(name: string, data: Uint8Array | undefined): FatNode {
  return { name, data, children: new Map(), cluster: 0 }
}

function buildNodes(files: readonly FatInputFile[]): FatNode {
  const root = newNode('', undefined)
  for (const file of files) {
    const names = file.path.split('/').map((part) => shortName(part, file.path))
    let current = root
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1
      const found = current.children.get(name)
      if (found !== undefined && (isLast || found.data !== undefined))
        throw new RangeError(`'${file.path}' is there twice`)
      const next = found ?? newNode(name, isLast ? file.data : undefined)
      current.children.set(name, next)
      current = next
    }
  }
  if (root.children.size >= rootEntries) throw new RangeError(`a FAT root folder holds ${rootEntries - 1} entries`)
  return root
}

function allNodes(node: FatNode): FatNode[] {
  return [...node.children.values()].flatMap((child) => [child, ...allNodes(child)])
}

function nodeBytes(node: FatNode): number {
  return node.data?.length ?? (node.children.size + 2) * entryBytes
}

function geometryFor(totalSectors: number): Geometry {
  const rootSectors = (rootEntries * entryBytes) / sectorBytes
  for (let sectorsPerCluster = 1; sectorsPerCluster <= 64; sectorsPerCluster *= 2) {
    const upperBound = Math.floor(totalSectors / sectorsPerCluster)
    const isFat12 = upperBound <= maxFat12Clusters
    const sectorsPerFat = Math.ceil(((upperBound + 2) * (isFat12 ? 1.5 : 2)) / sectorBytes)
    const dataSectors = totalSectors - reservedSectors - fatCopies * sectorsPerFat - rootSectors
    const clusters = Math.floor(dataSectors / sectorsPerCluster)
    // Near the boundary the two counts could disagree about the type: take larger clusters then.
    const isConsistent = clusters > 0 && clusters <= maxFat12Clusters === isFat12
    if (clusters <= maxFat16Clusters && isConsistent)
      return { totalSectors, sectorsPerCluster, sectorsPerFat, clusters, isFat12 }
  }
  throw new RangeError(`no FAT16 image has ${totalSectors} sectors`)
}

function bootSector(geometry: Geometry, options: FatImageOptions): Uint8Array {
  const sector = new Uint8Array(sectorBytes)
  const view = viewOf(sector)
  sector.set([0xeb, 0x3c, 0x90, ...asciiBytes('AZLVM   ')])
  view.setUint16(11, sectorBytes, true)
  sector[13] = geometry.sectorsPerCluster
  view.setUint16(14, reservedSectors, true)
  sector[16] = fatCopies
  view.setUint16(17, rootEntries, true)
  if (geometry.totalSectors <= 0xffff) view.setUint16(19, geometry.totalSectors, true)
  else view.setUint32(32, geometry.totalSectors, true)
  sector[21] = 0xf8
  view.setUint16(22, geometry.sectorsPerFat, true)
  view.setUint16(24, 32, true) // sectors per track and heads: nobody has them any more, mtools wants them
  view.setUint16(26, 2, true)
  sector[36] = 0x80
  sector[38] = 0x29
  view.setUint32(39, Math.floor(options.date.getTime() / 1000) >>> 0, true)
  sector.set(asciiBytes(labelBytes(options.volumeLabel)), 43)
  sector.set(asciiBytes(geometry.isFat12 ? 'FAT12   ' : 'FAT16   '), 54)
  sector.set([0x55, 0xaa], 510)
  return sector
}

function labelBytes(label: string): string {
  if (!/^[\x20-\x7e]{1,11}$/.test(label)) throw new RangeError(`'${label}' is no FAT label: 1 to 11 ASCII characters`)
  return label.toUpperCase().padEnd(11)
}

function directoryEntry(name: string, flags: number, cluster: number, sizeBytes: number, date: Date): Uint8Array {
  const entry = new Uint8Array(entryBytes)
  const view = viewOf(entry)
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  entry.set(asciiBytes(name))
  entry[11] = flags
  view.setUint16(14, time, true)
  view.setUint16(16, day, true)
  view.setUint16(18, day, true)
  view.setUint16(22, time, true)
  view.setUint16(24, day, true)
  view.setUint16(26, cluster, true)
  view.setUint32(28, sizeBytes, true)
  return entry
}

function childEntries(node: FatNode, date: Date): Uint8Array[] {
  return [...node.children.values()].map((child) =>
    child.data === undefined
      ? directoryEntry(child.name, attribute.directory, child.cluster, 0, date)
      : directoryEntry(child.name, attribute.archive, child.cluster, child.data.length, date),
  )
}

function directoryBytes(node: FatNode, parentCluster: number, date: Date): Uint8Array {
  return Buffer.concat([
    directoryEntry('.          ', attribute.directory, node.cluster, 0, date),
    directoryEntry('..         ', attribute.directory, parentCluster, 0, date),
    ...childEntries(node, date),
  ])
}

/** Sets one entry of a FAT; FAT12 packs two entries into three bytes. */
function setFatEntry(fat: Uint8Array, isFat12: boolean, cluster: number, value: number): void {
  if (!isFat12) return viewOf(fat).setUint16(cluster * 2, value, true)
  const at = cluster + Math.floor(cluster / 2)
  const old = viewOf(fat).getUint16(at, true)
  viewOf(fat).setUint16(at, cluster % 2 === 0 ? (old & 0xf000) | value : (old & 0x000f) | (value << 4), true)
}

/** Gives each node consecutive clusters. */
function placeNodes(nodes: readonly FatNode[], geometry: Geometry): Uint8Array {
  const endOfChain = geometry.isFat12 ? 0xfff : 0xffff
  const fat = new Uint8Array(geometry.sectorsPerFat * sectorBytes)
  setFatEntry(fat, geometry.isFat12, 0, geometry.isFat12 ? 0xff8 : 0xfff8)
  setFatEntry(fat, geometry.isFat12, 1, endOfChain)
  let next = 2
  for (const node of nodes) {
    const count = Math.ceil(nodeBytes(node) / (geometry.sectorsPerCluster * sectorBytes))
    if (count === 0) continue // an empty file has no cluster
    if (next + count > geometry.clusters + 2) throw new RangeError('the files do not fit into the FAT image')
    node.cluster = next
    for (let i = 0; i < count; i++) {
      setFatEntry(fat, geometry.isFat12, next + i, i === count - 1 ? endOfChain : next + i + 1)
    }
    next += count
  }
  return fat
}

function defaultBytes(nodes: readonly FatNode[]): number {
  const content = nodes.reduce((sum, node) => sum + Math.ceil(nodeBytes(node) / sectorBytes) * sectorBytes, 0)
  const wanted = Math.max(minImageBytes, content * 1.25 + 32 * 1024)
  return Math.ceil(wanted / 2048) * 2048 // whole sectors of a disc
}

/** The image; the same options give the same bytes. Throws RangeError for names and sizes that cannot be. */
export function buildFatImage(options: FatImageOptions): Uint8Array {
  const { date } = options
  const root = buildNodes(options.files)
  const nodes = allNodes(root)
  const sizeBytes = options.sizeBytes ?? defaultBytes(nodes)
  const geometry = geometryFor(Math.floor(sizeBytes / sectorBytes))
  const fat = placeNodes(nodes, geometry)
  const image = new Uint8Array(sizeBytes)
  image.set(bootSector(geometry, options))
  for (let copy = 0; copy < fatCopies; copy++)
    image.set(fat, (reservedSectors + copy * geometry.sectorsPerFat) * sectorBytes)
  const rootAt = (reservedSectors + fatCopies * geometry.sectorsPerFat) * sectorBytes
  const label = directoryEntry(labelBytes(options.volumeLabel), attribute.volumeLabel, 0, 0, date)
  image.set(Buffer.concat([label, ...childEntries(root, date)]), rootAt)
  const dataAt = rootAt + rootEntries * entryBytes
  const place = (node: FatNode, parentCluster: number) => {
    const bytes = node.data ?? directoryBytes(node, parentCluster, date)
    if (bytes.length > 0) image.set(bytes, dataAt + (node.cluster - 2) * geometry.sectorsPerCluster * sectorBytes)
    for (const child of node.children.values()) place(child, node.cluster)
  }
  for (const child of root.children.values()) place(child, 0)
  return image
}
