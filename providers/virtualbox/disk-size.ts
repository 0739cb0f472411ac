import { open } from 'node:fs/promises'

/** VDI 1.1's header (VDICore.h): a signature at 64, the disk's size in bytes at 368. */
const signature = { at: 64, is: 0xbeda107f }
const sizeAt = 368
const headerBytes = 376

/** How large a VDI's disk is, in bytes; undefined where the file is none, or cannot be read. */
export async function vdiSize(file: string): Promise<number | undefined> {
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
  return header.readUInt32LE(signature.at) === signature.is ? Number(header.readBigUInt64LE(sizeAt)) : undefined
}
