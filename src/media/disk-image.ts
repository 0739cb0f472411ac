/** What a disk image, or a machine as OVA, says of itself: enough to see that a hypervisor's tool wrote what it was asked for. */
import { open, type FileHandle } from 'node:fs/promises'
import { AzlVmError } from '../errors.ts'
import { readXml } from '../host/read-xml.ts'
import { isTarHeader, readTarHeader, tarBlock, tarEntryBytes } from '../host/tar-header.ts'
import type { ExportFormat } from '../provider/export.ts'

export interface DiskImage {
  readonly format: ExportFormat
  /** As a guest sees it; of an OVA all its disks together. */
  readonly sizeBytes: number
  /** It holds only what differs from another image. */
  readonly hasParent: boolean
}

/** Reads an image that should be of a format. Throws backend-failed where it is none, or is damaged. */
export async function readDiskImage(path: string, format: ExportFormat): Promise<DiskImage> {
  const file = await open(path, 'r')
  try {
    return { format, ...(await readers[format](new Image(file, path, (await file.stat()).size))) }
  } finally {
    await file.close()
  }
}

class Image {
  readonly fileBytes: number
  readonly #file: FileHandle
  readonly #path: string

  readonly #start: number

  constructor(file: FileHandle, path: string, fileBytes: number, start = 0) {
    this.#file = file
    this.#path = path
    this.fileBytes = fileBytes
    this.#start = start
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, this.#start + offset)
    if (bytesRead < length) throw this.wrong(`it ends at ${String(this.fileBytes)} bytes`)
    return buffer
  }

  /** One that lies in it. */
  within(offset: number, fileBytes: number): Image {
    return new Image(this.#file, this.#path, fileBytes, this.#start + offset)
  }

  require(isRight: boolean, what: string): void {
    if (!isRight) throw this.wrong(what)
  }

  wrong(what: string): AzlVmError {
    return new AzlVmError('backend-failed', `${this.#path} is not what was asked for: ${what}`)
  }
}

type Reader = (image: Image) => Promise<Omit<DiskImage, 'format'>>

const readers: Readonly<Record<ExportFormat, Reader>> = {
  raw: (image) => Promise.resolve({ sizeBytes: image.fileBytes, hasParent: false }),
  qcow2: readQcow2,
  vhdx: readVhdx,
  vhd: async (image) => {
    const { type, sizeBytes } = await readVhdFooter(image)
    image.require(type !== vhdTypes.fixed, 'a VHD of fixed size')
    return { sizeBytes, hasParent: type === vhdTypes.differencing }
  },
  'vhd-fixed': readFixedVhd,
  vmdk: readVmdk,
  vdi: readVdi,
  ova: readOva,
}

/** Header: magic at 0, offset of the backing file's name at 8, size at 24. Source: QEMU, docs/interop/qcow2.rst. */
async function readQcow2(image: Image): Promise<Omit<DiskImage, 'format'>> {
  const header = await image.read(0, 32)
  image.require(header.toString('latin1', 0, 4) === 'QFI\xfb', 'no qcow2 header')
  return { sizeBytes: Number(header.readBigUInt64BE(24)), hasParent: header.readBigUInt64BE(8) !== 0n }
}

const vhdTypes = { fixed: 2, dynamic: 3, differencing: 4 } as const
const vhdFooterBytes = 512

/**
 * The last 512 bytes: cookie at 0, current size at 48, type at 60, checksum at 64, the one's complement of the sum of
 * all other bytes. Source: Virtual Hard Disk Image Format Specification, Microsoft 2006.
 */
async function readVhdFooter(image: Image): Promise<{ readonly type: number; readonly sizeBytes: number }> {
  const footer = await image.read(Math.max(0, image.fileBytes - vhdFooterBytes), vhdFooterBytes)
  image.require(footer.toString('latin1', 0, 8) === 'conectix', 'no VHD footer')
  const sum = footer.reduce((total, byte, index) => (index >= 64 && index < 68 ? total : total + byte), 0)
  image.require(footer.readUInt32BE(64) === (~sum & 0xffffffff) >>> 0, 'the checksum of its footer is wrong')
  return { type: footer.readUInt32BE(60), sizeBytes: Number(footer.readBigUInt64BE(48)) }
}

/** Azure's rules too: a whole number of MiB. Source: azure-compute-docs, create-upload-generic. */
async function readFixedVhd(image: Image): Promise<Omit<DiskImage, 'format'>> {
  const { type, sizeBytes } = await readVhdFooter(image)
  image.require(type === vhdTypes.fixed, `a VHD of type ${String(type)}, not of fixed size`)
  image.require(image.fileBytes === sizeBytes + vhdFooterBytes, 'its file is not as long as its disk and a footer')
  image.require(sizeBytes % 1024 ** 2 === 0, 'its size is no whole number of MiB')
  return { sizeBytes, hasParent: false }
}

const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e'
const sizeItem = '2442a52f1bcd7648b2115dbed83bf4b8'
const parametersItem = '3767a1ca36fa434db3b633f0aa44e76b'

/**
 * Regions are listed at 192 KiB, metadata items in one of them; ids are GUIDs as they lie in the file.
 * Source: [MS-VHDX] 2.2.3 (region table), 2.6.1 (metadata table), 2.6.2 (items).
 */
async function readVhdx(image: Image): Promise<Omit<DiskImage, 'format'>> {
  image.require((await image.read(0, 8)).toString('latin1') === 'vhdxfile', 'no VHDX identifier')
  const regions = await image.read(192 * 1024, 64 * 1024)
  image.require(regions.toString('latin1', 0, 4) === 'regi', 'no VHDX region table')
  const region = entryOf(regions, 16, regions.readUInt32LE(8), metadataRegion)
  if (!region) throw image.wrong('no VHDX metadata')
  const at = Number(region.readBigUInt64LE(16))
  const table = await image.read(at, 64 * 1024)
  image.require(table.toString('latin1', 0, 8) === 'metadata', 'no VHDX metadata')
  const size = entryOf(table, 32, table.readUInt16LE(10), sizeItem)
  const parameters = entryOf(table, 32, table.readUInt16LE(10), parametersItem)
  if (!size || !parameters) throw image.wrong('no size in its VHDX metadata')
  return {
    sizeBytes: Number((await image.read(at + size.readUInt32LE(16), 8)).readBigUInt64LE()),
    hasParent: ((await image.read(at + parameters.readUInt32LE(16), 8)).readUInt32LE(4) & 2) !== 0,
  }
}

/** Of a table with entries of 32 bytes that begin with an id. */
function entryOf(table: Buffer, first: number, count: number, id: string): Buffer | undefined {
  for (let index = 0; index < count; index++) {
    const entry = table.subarray(first + index * 32, first + (index + 1) * 32)
    if (entry.toString('hex', 0, 16) === id) return entry
  }
  return undefined
}

/** Sparse extent: magic at 0, capacity in sectors at 12. Source: VMware, Virtual Disk Format 5.0. */
async function readVmdk(image: Image): Promise<Omit<DiskImage, 'format'>> {
  const header = await image.read(0, 512)
  image.require(header.toString('latin1', 0, 4) === 'KDMV', 'no VMDK header')
  return { sizeBytes: Number(header.readBigUInt64LE(12)) * 512, hasParent: false }
}

/** Signature at 64, image type at 76 (4: differencing), size at 368. Source: VirtualBox, VDICore.h. */
async function readVdi(image: Image): Promise<Omit<DiskImage, 'format'>> {
  const header = await image.read(0, 512)
  image.require(header.readUInt32LE(64) === 0xbeda107f, 'no VDI header')
  return { sizeBytes: Number(header.readBigUInt64LE(368)), hasParent: header.readUInt32LE(76) === 4 }
}

/**
 * A tar archive: a descriptor first, which names all other files, and disks as VMDK. Source: DMTF DSP0243 (OVF), 5.1 and
 * 9.1; capacities are bytes where nothing else is said.
 */
async function readOva(image: Image): Promise<Omit<DiskImage, 'format'>> {
  const files = await filesIn(image)
  const [[name, descriptor] = ['', image]] = files
  image.require(name.endsWith('.ovf'), 'no OVF descriptor at its beginning')
  const envelope = readXml((await descriptor.read(0, descriptor.fileBytes)).toString('utf8'), name)
  const named = new Map(
    envelope.all('References', 'File').map((file) => {
      const href = file.attribute('ovf:href') ?? ''
      const found = files.get(href)
      if (!found) throw image.wrong(`${href} is named in it and not there`)
      return [file.attribute('ovf:id'), found]
    }),
  )
  let total = 0
  for (const disk of envelope.all('DiskSection', 'Disk')) {
    const file = named.get(disk.attribute('ovf:fileRef'))
    if (!file) throw image.wrong('a disk without its file')
    const { sizeBytes } = await readVmdk(file)
    image.require(disk.attribute('ovf:capacity') === String(sizeBytes), 'a disk has not the size that is written of it')
    total += sizeBytes
  }
  return { sizeBytes: total, hasParent: false }
}

async function filesIn(image: Image): Promise<ReadonlyMap<string, Image>> {
  const files = new Map<string, Image>()
  for (let at = 0; at + tarBlock <= image.fileBytes;) {
    const block = await image.read(at, tarBlock)
    const header = readTarHeader(block)
    if (!header) break
    image.require(isTarHeader(block), 'no tar archive')
    image.require(at + tarBlock + header.sizeBytes <= image.fileBytes, `${header.name} is cut off in it`)
    files.set(header.name, image.within(at + tarBlock, header.sizeBytes))
    at += tarEntryBytes(header)
  }
  return files
}
