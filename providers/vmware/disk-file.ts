/** VMDKs, as VMware makes and lays them over each other (Virtual Disk Format 1.1): one file that grows, or a descriptor that names several. */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { hasCode } from '../../src/store/atomic-file.ts'

const sectorBytes = 512
const magic = 'KDMV'

/** How much the guest sees, bytes; 0 where there is no such file, or another kind than one that grows. */
export async function diskSize(file: string): Promise<number> {
  const header = await readAt(file, 0, sectorBytes)
  // SparseExtentHeader.capacity
  return header !== undefined && isSparse(header) ? Number(header.readBigUInt64LE(12)) * sectorBytes : 0
}

function isSparse(start: Buffer): boolean {
  return start.length >= sectorBytes && start.toString('latin1', 0, magic.length) === magic
}

/** As much of it as there is; undefined where there is no such file. */
async function readAt(file: string, position: number, length: number): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, 'r')
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
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
  const descriptor = await readDescriptor(file)
  const named = descriptor === undefined ? undefined : /^parentFileNameHint="([^"]*)"/m.exec(descriptor)?.[1]
  return named === undefined || named === '' ? undefined : path.resolve(path.dirname(file), named)
}

async function readDescriptor(file: string): Promise<string | undefined> {
  const start = await readAt(file, 0, sectorBytes)
  if (start === undefined) return undefined
  // Of a disk in several files the one that is named is nothing else.
  if (!isSparse(start))
    return start.toString('latin1').startsWith('# Disk DescriptorFile')
      ? (await readAt(file, 0, longestDescriptor))?.toString('utf8')
      : undefined
  // SparseExtentHeader.descriptorOffset and descriptorSize, in sectors
  const [at, length] = [
    Number(start.readBigUInt64LE(28)) * sectorBytes,
    Number(start.readBigUInt64LE(36)) * sectorBytes,
  ]
  if (at === 0 || length > longestDescriptor) return undefined
  return (await readAt(file, at, length))?.toString('utf8')
}
