import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memorySource, openFat, openIso, windowSource } from '../../../src/iso9660/index.ts'
import { inspectBootMedium, requireArchitecture } from '../../../src/media/inspect-iso.ts'
import { buildProbeIso, ensureProbeIso } from '../../../src/media/probe-iso.ts'
import { withFolder } from '../iso9660/samples.ts'

const binaries = new URL('../../../packages/boot-probe/bin/', import.meta.url)
const binary = readFileSync(new URL('BOOTX64.EFI', binaries))

describe('buildProbeIso', () => {
  it.each(['poweroff', 'wait'] as const)('carries the probe and `then=%s` in its boot image', async (then) => {
    const iso = await openIso(memorySource(buildProbeIso({ arch: 'x86_64', then, binary })))
    expect(iso.volumeLabel).toBe('AZLPROBE')
    const [entry] = iso.bootEntries
    const fat = await openFat(windowSource(iso.source, entry?.offsetBytes ?? 0, entry?.loadSizeBytes ?? 0))
    expect(Buffer.from((await fat.readFile('PROBE.CFG', 100)) ?? []).toString()).toBe(`then=${then}\n`)
    expect(binary.equals((await fat.readFile('EFI/BOOT/BOOTX64.EFI', 1e6)) ?? Buffer.alloc(0))).toBe(true)
  })
})

describe('ensureProbeIso', () => {
  it('makes a medium that our own inspection accepts, and says its size and digest', () =>
    withFolder(async (folder) => {
      const medium = await ensureProbeIso(join(folder, 'probe'), { arch: 'x86_64', then: 'wait', binary })
      const bytes = readFileSync(medium.path)
      expect(medium).toMatchObject({
        sizeBytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        volumeLabel: 'AZLPROBE',
      })
      requireArchitecture(await inspectBootMedium(medium.path), 'x86_64')
    }))

  it('makes a medium for aarch64 that is accepted for that, and refused for x86_64', () =>
    withFolder(async (folder) => {
      const arm = readFileSync(new URL('BOOTAA64.EFI', binaries))
      const { path } = await ensureProbeIso(folder, { arch: 'aarch64', then: 'wait', binary: arm })
      const medium = await inspectBootMedium(path)
      expect(medium.efiArchitectures).toEqual(['aarch64'])
      requireArchitecture(medium, 'aarch64')
      expect(() => {
        requireArchitecture(medium, 'x86_64')
      }).toThrow(expect.objectContaining({ code: 'medium-wrong-architecture' }) as Error)
    }))

  it('gives the same path again, mends a damaged file, and leaves nothing else behind', () =>
    withFolder(async (folder) => {
      const make = () => ensureProbeIso(folder, { arch: 'x86_64', then: 'wait', binary })
      const first = await make()
      const whole = readFileSync(first.path)
      writeFileSync(first.path, 'damaged')
      expect(await Promise.all([make(), make(), make()])).toEqual([first, first, first])
      expect(readFileSync(first.path).equals(whole)).toBe(true)
      expect(readdirSync(folder)).toHaveLength(1)
    }))
})
