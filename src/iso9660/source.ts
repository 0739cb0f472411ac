import { open } from 'node:fs/promises'
import { IsoError } from './iso-error.ts'

/** Bytes that can be read at any offset: a file, memory, or a part of another source. */
export interface RandomAccessSource {
  readonly sizeBytes: number
  /** Exactly `lengthBytes` bytes; rejects with IsoError 'truncated' where the source ends before. */
  read(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** No single read is larger: lengths come from the image, which may lie. */
export const maxReadBytes = 64 * 1024 * 1024

function checkRange(sizeBytes: number, offsetBytes: number, lengthBytes: number): void {
  if (lengthBytes > maxReadBytes) throw new IsoError('too-large', `a read of ${lengthBytes} bytes was asked for`)
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || lengthBytes < 0) {
    throw new IsoError('malformed', `the image points to offset ${offsetBytes}`)
  }
  if (offsetBytes + lengthBytes > sizeBytes) {
    const end = offsetBytes + lengthBytes
    throw new IsoError('truncated', `the image points to byte ${end}, but it ends at ${sizeBytes}`)
  }
}

export function memorySource(bytes: Uint8Array): RandomAccessSource {
  return {
    sizeBytes: bytes.length,
    read: async (offsetBytes, lengthBytes) => {
      checkRange(bytes.length, offsetBytes, lengthBytes)
      return bytes.subarray(offsetBytes, offsetBytes + lengthBytes)
    },
    close: async () => undefined,
  }
}

/** Opens the file read-only; errors of the file system (ENOENT, EACCES, EISDIR) are passed on as they are. */
export async function fileSource(path: string): Promise<RandomAccessSource> {
  const handle = await open(path, 'r')
  const sizeBytes = await handle.stat().then(
    (stat) => stat.size,
    async (error: unknown) => {
      await handle.close()
      throw error
    },
  )
  return {
    sizeBytes,
    read: async (offsetBytes, lengthBytes) => {
      checkRange(sizeBytes, offsetBytes, lengthBytes)
      const buffer = new Uint8Array(lengthBytes)
      let filled = 0
      while (filled < lengthBytes) {
        const { bytesRead } = await handle.read(buffer, filled, lengthBytes - filled, offsetBytes + filled)
        if (bytesRead === 0) throw new IsoError('truncated', `the file became shorter while it was read`)
        filled += bytesRead
      }
      return buffer
    },
    close: () => handle.close(),
  }
}

/** A part of another source; closing it does nothing. */
export function windowSource(outer: RandomAccessSource, startBytes: number, sizeBytes: number): RandomAccessSource {
  const available = Math.max(0, Math.min(sizeBytes, outer.sizeBytes - startBytes))
  return {
    sizeBytes: available,
    read: async (offsetBytes, lengthBytes) => {
      checkRange(available, offsetBytes, lengthBytes)
      return outer.read(startBytes + offsetBytes, lengthBytes)
    },
    close: async () => undefined,
  }
}
