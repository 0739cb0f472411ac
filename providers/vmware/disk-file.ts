/** A VMDK of one file that grows, as vmware-vdiskmanager makes it and as snapshots lay over it (Virtual Disk Format 1.1). */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../../src/store/atomic-file.ts'

const sectorBytes = 512
const magic = 'KDMV'

/** How much the guest sees, bytes; 0 where there is no such file, or another kind. */
export async function diskSize(file: string): Promise<number> {
  const header = await readHeader(file)
  // SparseExtentHeader.capacity
  return header === undefined ? 0 : Number(header.readBigUInt64LE(12)) * sectorBytes
}

async function readHeader(file: string): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(sectorBytes), 0, sectorBytes, 0)
      return bytesRead === sectorBytes && buffer.toString('latin1', 0, magic.length) === magic ? buffer : undefined
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

const longestDescriptor = 1024 ** 2

/** The file that this one lies on, as it is named there; undefined where it lies on none. */
export async function parentOf(file: string): Promise<string | undefined> {
  const header = await readHeader(file)
  if (header === undefined) return undefined
  // SparseExtentHeader.descriptorOffset and descriptorSize, in sectors
  const [at, length] = [
    Number(header.readBigUInt64LE(28)) * sectorBytes,
    Number(header.readBigUInt64LE(36)) * sectorBytes,
  ]
  if (at === 0 || length > longestDescriptor) return undefined
  const handle = await open(file, 'r')
  try {
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, at)
    const named = /^parentFileNameHint="([^"]*)"/m.exec(buffer.toString('utf8'))?.[1]
    return named === undefined || named === '' ? undefined : path.resolve(path.dirname(file), named)
  } finally {
    await handle.close()
  }
}
