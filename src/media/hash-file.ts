import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { BigIntStats } from 'node:fs'
import { join, resolve } from 'node:path'
import { AzlVmError, errorText } from '../errors.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'

export interface HashOptions {
  /** Where digests are kept between runs. */
  readonly cacheDir: string
  readonly signal?: AbortSignal
  /** Called after each chunk; not called where the digest is known already. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
  /** The clock, in ms since 1970; default Date.now. */
  readonly now?: () => number
}

/** The digest holds as long as the file has the same size, inode and time of change. */
interface CachedDigest {
  readonly path: string
  readonly sizeBytes: string
  readonly inode: string
  readonly modifiedNs: string
  readonly changedNs: string
  readonly sha256: string
}

const chunkBytes = 1024 * 1024
/** A file changed less than this before it was hashed may change again within the clock's step. */
const settledMs = 2000

function cacheFile(cacheDir: string, path: string): string {
  const key = createHash('sha256').update(path).digest('hex').slice(0, 32)
  return join(cacheDir, 'digests', `${key}.json`)
}

function identityOf(path: string, found: BigIntStats): Omit<CachedDigest, 'sha256'> {
  return {
    path,
    sizeBytes: String(found.size),
    inode: String(found.ino),
    modifiedNs: String(found.mtimeNs),
    changedNs: String(found.ctimeNs),
  }
}

function isSame(cached: Partial<CachedDigest>, identity: Omit<CachedDigest, 'sha256'>): boolean {
  return (Object.keys(identity) as (keyof typeof identity)[]).every((key) => cached[key] === identity[key])
}

/** What the cache knows; a missing or damaged cache file knows nothing. */
async function cachedDigest(file: string, identity: Omit<CachedDigest, 'sha256'>): Promise<string | undefined> {
  try {
    const cached = JSON.parse(await readFile(file, 'utf8')) as Partial<CachedDigest> | null
    const sha256 = cached?.sha256
    return cached !== null && isSame(cached, identity) && /^[0-9a-f]{64}$/.test(sha256 ?? '') ? sha256 : undefined
  } catch {
    return undefined
  }
}

async function digestOf(path: string, totalBytes: number, options: HashOptions): Promise<string> {
  const hash = createHash('sha256')
  let doneBytes = 0
  const settings = { highWaterMark: chunkBytes, ...(options.signal === undefined ? {} : { signal: options.signal }) }
  for await (const chunk of createReadStream(path, settings)) {
    const bytes = chunk as Buffer
    hash.update(bytes)
    doneBytes += bytes.length
    options.onProgress?.(doneBytes, totalBytes)
  }
  return hash.digest('hex')
}

function translate(path: string, error: unknown, signal: AbortSignal | undefined): AzlVmError {
  if (error instanceof AzlVmError) return error
  if (signal?.aborted === true)
    return new AzlVmError('cancelled', `interrupted while hashing '${path}'`, { cause: error })
  return new AzlVmError('medium-unreadable', `'${path}' cannot be read: ${errorText(error)}`, { cause: error })
}

async function hashOnce(path: string, options: HashOptions): Promise<string> {
  options.signal?.throwIfAborted()
  const before = await stat(path, { bigint: true })
  const identity = identityOf(path, before)
  const file = cacheFile(options.cacheDir, path)
  const known = await cachedDigest(file, identity)
  if (known !== undefined) return known
  const sha256 = await digestOf(path, Number(before.size), options)
  if (!isSame(identityOf(path, await stat(path, { bigint: true })), identity)) {
    throw new AzlVmError('medium-changed', `'${path}' changed while it was hashed`, {
      hint: 'Wait until the download or copy is done.',
    })
  }
  const isSettled = (options.now ?? Date.now)() - Number(before.mtimeMs) > settledMs
  // A cache that cannot be written costs time, nothing else.
  if (isSettled) await writeFileAtomic(file, `${JSON.stringify({ ...identity, sha256 })}\n`).catch(() => undefined)
  return sha256
}

/**
 * The file's SHA-256 in lower case hex, streamed, or from the cache where size, inode and times are the same.
 * Rejects with AzlVmError: medium-unreadable, medium-changed, cancelled.
 */
export async function hashFile(givenPath: string, options: HashOptions): Promise<string> {
  const path = resolve(givenPath)
  return hashOnce(path, options).catch((error: unknown) => {
    throw translate(path, error, options.signal)
  })
}

/**
 * Compares a promised checksum ("sha256:" and 64 hex digits in either case) with the digest that was computed.
 * Throws medium-checksum-mismatch with both.
 */
export function verifyChecksum(promised: string, sha256: string, path: string): void {
  const match = /^sha256:([0-9a-f]{64})$/i.exec(promised) // sha256:d98f...
  if (match?.[1] === undefined) {
    throw new AzlVmError('usage', `'${promised}' is no checksum`, { hint: 'Write sha256: and 64 hex digits.' })
  }
  if (match[1].toLowerCase() === sha256.toLowerCase()) return
  throw new AzlVmError('medium-checksum-mismatch', `'${path}' is not the promised file: its SHA-256 differs`, {
    hint: 'Download it again, or correct the checksum if the file is the one that you mean.',
    evidence: [`promised: sha256:${match[1].toLowerCase()}`, `found:    sha256:${sha256}`],
  })
}
