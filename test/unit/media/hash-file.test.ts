import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hashFile, verifyChecksum } from '../../../src/media/hash-file.ts'
import { withFolder, writeIn } from '../iso9660/samples.ts'

const content = Buffer.alloc(2_500_000, 'azl')
const digest = createHash('sha256').update(content).digest('hex')
/** Long after the file was written: its digest may be kept. */
const later = () => Date.now() + 60_000

/** Hashes and counts the progress calls: none means that the digest came from the cache. */
async function hashWith(path: string, cacheDir: string, now = later) {
  const progress: [number, number][] = []
  const sha256 = await hashFile(path, { cacheDir, now, onProgress: (done, total) => progress.push([done, total]) })
  return { sha256, progress }
}

describe('hashFile', () => {
  it('reports progress up to the size, and answers from the cache the second time', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      const first = await hashWith(path, join(folder, 'cache'))
      expect(first.sha256).toBe(digest)
      expect(first.progress.at(-1)).toEqual([content.length, content.length])
      expect(await hashWith(path, join(folder, 'cache'))).toEqual({ sha256: digest, progress: [] })
    }))

  it('hashes again when the content changed, even if size and mtime were put back', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      utimesSync(path, 1000, 1000)
      await hashWith(path, join(folder, 'cache'))
      writeFileSync(path, Buffer.alloc(content.length, 'x'))
      utimesSync(path, 1000, 1000)
      expect((await hashWith(path, join(folder, 'cache'))).sha256).not.toBe(digest)
    }))

  it('does not keep the digest of a file that was written a moment ago', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      await hashWith(path, join(folder, 'cache'), () => statSync(path).mtimeMs + 1)
      expect((await hashWith(path, join(folder, 'cache'))).progress).not.toEqual([])
    }))

  it('hashes again when the cache is damaged or says nonsense', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      await hashWith(path, join(folder, 'cache'))
      const [name] = readdirSync(join(folder, 'cache/digests'))
      for (const text of ['{', 'null', '{"sha256":"x"}']) {
        writeFileSync(join(folder, 'cache/digests', name ?? ''), text)
        expect((await hashWith(path, join(folder, 'cache'))).sha256).toBe(digest)
      }
    }))

  it('works without a cache that can be written', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      expect((await hashWith(path, join(path, 'below a file'))).sha256).toBe(digest)
    }))

  it('refuses a file that changes under it', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      const onProgress = () => {
        appendFileSync(path, 'more')
      }
      await expect(hashFile(path, { cacheDir: folder, onProgress })).rejects.toMatchObject({ code: 'medium-changed' })
    }))

  it('stops in the middle when the signal is aborted', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a', content)
      const controller = new AbortController()
      const promise = hashFile(path, {
        cacheDir: folder,
        signal: controller.signal,
        onProgress: () => {
          controller.abort()
        },
      })
      await expect(promise).rejects.toMatchObject({ code: 'cancelled' })
      expect(readdirSync(folder)).toEqual(['a'])
    }))

  it('says that a folder cannot be hashed', () =>
    withFolder(async (folder) => {
      mkdirSync(join(folder, 'd'))
      await expect(hashFile(join(folder, 'd'), { cacheDir: folder })).rejects.toMatchObject({
        code: 'medium-unreadable',
      })
    }))
})

describe('verifyChecksum', () => {
  it('accepts either case', () => {
    expect(() => {
      verifyChecksum(`sha256:${digest.toUpperCase()}`, digest, '/a')
    }).not.toThrow()
  })

  it('shows both digests when they differ', () => {
    const other = '0'.repeat(64)
    expect(() => {
      verifyChecksum(`sha256:${other}`, digest, '/a')
    }).toThrow(
      expect.objectContaining({
        code: 'medium-checksum-mismatch',
        evidence: [`promised: sha256:${other}`, `found:    sha256:${digest}`],
      }),
    )
  })

  it.each(['', digest, 'sha256:12', `md5:${digest}`, `sha256:${digest}0`])('refuses %j as a checksum', (promised) => {
    expect(() => {
      verifyChecksum(promised, digest, '/a')
    }).toThrow(expect.objectContaining({ code: 'usage' }))
  })
})
