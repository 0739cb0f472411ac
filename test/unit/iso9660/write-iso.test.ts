import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildIso, memorySource, openIso, writeIsoFile } from '../../../src/iso9660/index.ts'
import type { IsoNames } from '../../../src/iso9660/index.ts'
import { ContinuationArea } from '../../../src/iso9660/directory-writer.ts'
import { date, makeFat, makeSample, missingTool, sampleFiles, withFolder, writeIn } from './samples.ts'

const expected = new Map(sampleFiles.map(({ path, data }) => [path, Buffer.from(data).toString('hex')]))

function readTree(root: string, below = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) for (const [key, value] of readTree(root, path)) found.set(key, value)
    else found.set(path, readFileSync(join(root, path)).toString('hex'))
  }
  return found
}

function itWith(tools: readonly string[], name: string, body: () => Promise<void>): void {
  const missing = missingTool(...tools)
  it.skipIf(missing !== undefined)(
    missing === undefined ? name : `${name} (skipped: ${missing} is not installed)`,
    body,
    30_000,
  )
}

describe('buildIso', () => {
  it('gives the same bytes for the same options, whatever the order of the files', () => {
    const again = buildIso({
      volumeLabel: 'cidata',
      files: [...sampleFiles].reverse(),
      efiBoot: { image: makeFat() },
      date,
    })
    expect(Buffer.from(again).equals(Buffer.from(makeSample()))).toBe(true)
  })

  it('has not changed by accident', () => {
    expect(createHash('sha256').update(makeSample()).digest('hex')).toMatchInlineSnapshot(
      `"578af701237e574824a147861af905881dbf5b0531b5d93e28fe461877cfe2ec"`,
    )
  })

  itWith(['xorriso'], 'is extracted by xorriso with its Rock Ridge names, contents and permissions', () =>
    withFolder((folder) => {
      const iso = writeIn(folder, 'a.iso', makeSample())
      execFileSync('xorriso', ['-osirrox', 'on', '-indev', iso, '-extract', '/', join(folder, 'out')], {
        stdio: 'ignore',
      })
      expect(readTree(join(folder, 'out'))).toEqual(expected)
      expect(statSync(join(folder, 'out/run.sh')).mode & 0o777).toBe(0o555)
      expect(statSync(join(folder, 'out/run.sh')).mtime).toEqual(date)
      const report = execFileSync('xorriso', ['-indev', iso, '-pvd_info', '-report_el_torito', 'plain'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      expect(report).toMatch(/Volume Id {4}: cidata/)
      expect(report).toMatch(/El Torito boot img : +1 +UEFI +y +none/)
    }),
  )

  itWith(['isoinfo'], 'is read by isoinfo in all three name spaces', () =>
    withFolder((folder) => {
      const iso = writeIn(folder, 'a.iso', makeSample())
      const isoinfo = (...args: string[]) =>
        execFileSync('isoinfo', ['-i', iso, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      const rockRidge = isoinfo('-R', '-f').split('\n')
      for (const { path } of sampleFiles.filter(({ path }) => path.length < 200))
        expect(rockRidge).toContain(`/${path}`)
      expect(isoinfo('-J', '-f').split('\n')).toContain('/many/file-59.d')
      expect(isoinfo('-f').split('\n')).toContain('/MANY/FILE_59.D;1')
      expect(isoinfo('-d')).toMatch(
        /Volume id: cidata\n[^]*Joliet with UCS level 3 found\nRock Ridge signatures version 1 found/,
      )
    }),
  )

  itWith(['7z'], 'is extracted by 7z with the same names and contents', () =>
    withFolder((folder) => {
      const iso = writeIn(folder, 'a.iso', makeSample())
      execFileSync('7z', ['x', '-bd', `-o${join(folder, 'out')}`, iso], {
        stdio: 'ignore',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      })
      const found = readTree(join(folder, 'out'))
      expect(found.get('[BOOT]/Boot-NoEmul.img')).toBe(Buffer.from(makeFat()).toString('hex'))
      found.delete('[BOOT]/Boot-NoEmul.img')
      expect([...found.values()].sort()).toEqual([...expected.values()].sort())
      expect(found.get('meta-data')).toBe(expected.get('meta-data'))
    }),
  )

  it('keeps Rock Ridge names exactly, and all files under every kind of name', async () => {
    const image = makeSample()
    for (const names of ['rock-ridge', 'joliet', 'iso9660'] satisfies IsoNames[]) {
      const iso = await openIso(memorySource(image), { names })
      const found = new Map<string, string>()
      for await (const { path } of iso.walk()) found.set(path, Buffer.from(await iso.readFile(path)).toString('hex'))
      if (names === 'rock-ridge') expect(found).toEqual(expected)
      expect([...found.values()].sort()).toEqual([...expected.values()].sort())
    }
  })

  it('keeps every Rock Ridge continuation within one sector', () => {
    const area = new ContinuationArea(100)
    for (let i = 0; i < 30; i++) {
      const entry = Buffer.from(area.add(new Uint8Array(255).fill(i)))
      const [sector, offsetBytes, lengthBytes] = [entry.readUInt32LE(4), entry.readUInt32LE(12), entry.readUInt32LE(20)]
      expect(offsetBytes + lengthBytes).toBeLessThanOrEqual(2048)
      expect(area.bytes[(sector - 100) * 2048 + offsetBytes]).toBe(i)
    }
  })

  it('gives distinct names to files that differ only beyond what a name space can hold', async () => {
    const stem = 'x'.repeat(70)
    const files = ['A', 'b', 'c'].map((end) => ({ path: stem + end, data: Buffer.from(end) }))
    const iso = await openIso(memorySource(buildIso({ volumeLabel: 'X', files, date })), { names: 'joliet' })
    const names = (await iso.list('')).map(({ name }) => name)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3)
    expect(Math.max(...names.map((name) => name.length))).toBe(64)
  })

  it.each([
    ['a label that does not fit', { volumeLabel: 'x'.repeat(33), files: [] }],
    ['a path that climbs', { volumeLabel: 'X', files: [{ path: '../x', data: new Uint8Array() }] }],
    ['an absolute path', { volumeLabel: 'X', files: [{ path: '/x', data: new Uint8Array() }] }],
    [
      'the same path twice',
      {
        volumeLabel: 'X',
        files: [
          { path: 'x', data: new Uint8Array() },
          { path: 'x', data: new Uint8Array() },
        ],
      },
    ],
    [
      'a file used as a folder',
      {
        volumeLabel: 'X',
        files: [
          { path: 'x', data: new Uint8Array() },
          { path: 'x/y', data: new Uint8Array() },
        ],
      },
    ],
    ['more than eight levels', { volumeLabel: 'X', files: [{ path: '1/2/3/4/5/6/7/8/9', data: new Uint8Array() }] }],
  ])('refuses %s', (_, options) => {
    expect(() => buildIso({ ...options, date })).toThrow(RangeError)
  })
})

describe('writeIsoFile', () => {
  it('streams files of the host into the same image that memory gives', () =>
    withFolder(async (folder) => {
      const data = Buffer.alloc(3_000_000, 'abc')
      const hostPath = writeIn(folder, 'big', data)
      const target = join(folder, 'out.iso')
      await writeIsoFile(
        target,
        { volumeLabel: 'X', files: [{ path: 'big', data: { hostPath, sizeBytes: data.length } }], date },
        { mode: 0o600 },
      )
      const inMemory = buildIso({ volumeLabel: 'X', files: [{ path: 'big', data }], date })
      expect(readFileSync(target).equals(Buffer.from(inMemory))).toBe(true)
      expect(statSync(target).mode & 0o777).toBe(0o600)
      expect(readdirSync(folder).sort()).toEqual(['big', 'out.iso'])
    }))

  it('leaves the old file and no temporary one when a source is shorter than promised', () =>
    withFolder(async (folder) => {
      const hostPath = writeIn(folder, 'short', Buffer.from('abc'))
      const target = writeIn(folder, 'out.iso', Buffer.from('old'))
      const files = [{ path: 'f', data: { hostPath, sizeBytes: 4 } }]
      await expect(writeIsoFile(target, { volumeLabel: 'X', files, date })).rejects.toThrow(/3 bytes; 4 were expected/)
      expect(readFileSync(target, 'utf8')).toBe('old')
      expect(readdirSync(folder).sort()).toEqual(['out.iso', 'short'])
    }))
})
