import { open } from 'node:fs/promises'

/** What VDI 1.1's header (VDICore.h) tells of an image. */
export interface VdiHeader {
  readonly sizeBytes: number
  readonly uuid: string
  /** Of the image that it lies on; undefined for a base. */
  readonly parent: string | undefined
}

/** At 64 a signature, at 368 the disk's size in bytes; the UUIDs as Windows keeps them. */
const signature = { at: 64, is: 0xbeda107f }
const at = { size: 368, uuid: 392, parent: 424 }
const headerBytes = 440
const noUuid = '00000000-0000-0000-0000-000000000000'

/** Undefined where the file is no VDI, or cannot be read. */
export async function readVdiHeader(file: string): Promise<VdiHeader | undefined> {
  const header = Buffer.alloc(headerBytes)
  try {
    const handle = await open(file)
    try {
      await handle.read(header, 0, headerBytes, 0)
    } finally {
      await handle.close()
    }
  } catch {
    return undefined
  }
  if (header.readUInt32LE(signature.at) !== signature.is) return undefined
  const parent = uuidAt(header, at.parent)
  return {
    sizeBytes: Number(header.readBigUInt64LE(at.size)),
    uuid: uuidAt(header, at.uuid),
    parent: parent === noUuid ? undefined : parent,
  }
}

/** The first three groups stand with their last byte first. */
function uuidAt(header: Buffer, start: number): string {
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6].map((index) => header[start + index] ?? 0)
  const hex = Buffer.from([...swapped, ...header.subarray(start + 8, start + 16)]).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
