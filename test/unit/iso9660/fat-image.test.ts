import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildFatImage, memorySource, openFat } from '../../../src/iso9660/index.ts'
import { date, missingTool, withFolder, writeIn } from './samples.ts'

const files = [
  { path: 'PROBE.CFG', data: Buffer.from('then=wait\n') },
  { path: 'EMPTY', data: new Uint8Array(0) },
  { path: 'EFI/BOOT/BOOTX64.EFI', data: Buffer.alloc(14_848, 'efi') },
  ...Array.from({ length: 20 }, (_, index) => ({
    path: `MANY/F${String(index)}.TXT`,
    data: Buffer.from(String(index)),
  })),
]

const missing = missingTool('mdir', 'mcopy')

describe('buildFatImage', () => {
  for (const [type, sizeBytes] of [
    ['FAT12', undefined],
    ['FAT16', 16 * 1024 * 1024],
  ] as const) {
    const image = () =>
      buildFatImage({ files, volumeLabel: 'AZLPROBE', date, ...(sizeBytes === undefined ? {} : { sizeBytes }) })

    it(`makes a deterministic ${type} image that our reader reads`, async () => {
      expect(Buffer.from(image()).equals(Buffer.from(image()))).toBe(true)
      const fat = await openFat(memorySource(image()))
      expect(fat.type).toBe(type)
      for (const { path, data } of files) {
        expect(Buffer.from((await fat.readFile(path, 1e6)) ?? [1]).equals(Buffer.from(data)), path).toBe(true)
      }
    })

    it.skipIf(missing !== undefined)(
      `makes a ${type} image that mtools reads${missing === undefined ? '' : ` (skipped: no ${missing})`}`,
      () =>
        withFolder((folder) => {
          const path = writeIn(folder, 'f.img', image())
          for (const file of files.slice(0, 6)) {
            const out = join(folder, 'out')
            execFileSync('mcopy', ['-n', '-o', '-i', path, `::${file.path}`, out])
            expect(readFileSync(out).equals(Buffer.from(file.data)), file.path).toBe(true)
          }
          expect(execFileSync('mdir', ['-i', path, '::'], { encoding: 'utf8' })).toMatch(
            /Volume in drive : is AZLPROBE/,
          )
        }),
      30_000,
    )
  }

  it.each([
    ['a name longer than 8.3', { files: [{ path: 'LONGERTHAN8.TXT', data: new Uint8Array() }] }],
    ['files that do not fit', { files: [{ path: 'A', data: new Uint8Array(200_000) }], sizeBytes: 131_072 }],
    [
      'one path twice',
      {
        files: [
          { path: 'A', data: new Uint8Array() },
          { path: 'a', data: new Uint8Array() },
        ],
      },
    ],
  ])('refuses %s', (_, options) => {
    expect(() => buildFatImage({ ...options, volumeLabel: 'X', date })).toThrow(RangeError)
  })
})
