import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildIso, IsoError, memorySource, openFat, openIso, windowSource } from '../../../src/iso9660/index.ts'
import { date, loader, makeFat, makeSample, missingTool, sampleFiles, withFolder, writeIn } from './samples.ts'

async function readEverything(image: Uint8Array): Promise<void> {
  const iso = await openIso(memorySource(image))
  for (const entry of iso.bootEntries) {
    const window = windowSource(iso.source, entry.offsetBytes, iso.source.sizeBytes)
    await openFat(window)
      .then((fat) => fat.readFile('EFI/BOOT/BOOTX64.EFI', 4096))
      .catch(mustBeTyped)
  }
  let files = 0
  for await (const { path } of iso.walk()) {
    if (files++ > 200) break
    await iso.readFile(path).catch(mustBeTyped)
  }
}

function mustBeTyped(error: unknown): void {
  if (!(error instanceof IsoError)) throw error
}

/** xorshift: the same mutations in every run. */
function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

describe('openIso', () => {
  it('says label, size, boot image and permissions', async () => {
    const iso = await openIso(memorySource(makeSample()))
    expect(iso).toMatchObject({ volumeLabel: 'cidata', jolietLabel: 'cidata', names: 'rock-ridge', isTruncated: false })
    expect(iso.declaredBytes).toBe(makeSample().length)
    expect(iso.bootEntries).toMatchObject([
      { platformId: 0xef, isBootable: true, emulation: 0, loadSizeBytes: makeFat().length },
    ])
    expect((await iso.stat('run.sh')).mode).toBe(0o100555)
  })

  it('finds a path without regard to case where no exact name is there', async () => {
    const iso = await openIso(memorySource(makeSample()))
    expect(Buffer.from(await iso.readFile('readme.txt')).toString()).toBe('hello\n')
    await expect(iso.readFile('nowhere/x')).rejects.toMatchObject({ code: 'not-found' })
    await expect(iso.readFile('many')).rejects.toMatchObject({ code: 'not-a-file' })
    await expect(iso.readFile('README.TXT', 3)).rejects.toMatchObject({ code: 'too-large' })
  })

  it('opens a truncated image and says so', async () => {
    const image = makeSample()
    const iso = await openIso(memorySource(image.subarray(0, image.length - 4096)))
    expect([iso.isTruncated, iso.declaredBytes]).toEqual([true, image.length])
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['zeros', new Uint8Array(100_000)],
    ['text', Buffer.from('x'.repeat(100_000))],
  ])('says of %s that it is no ISO', async (_, bytes) => {
    await expect(openIso(memorySource(bytes))).rejects.toMatchObject({ code: 'not-iso' })
  })

  it('enters a folder that contains itself once', async () => {
    const image = makeSample()
    const iso = await openIso(memorySource(image))
    const [root] = [await iso.stat('')]
    const many = (await iso.list('')).find(({ name }) => name === 'many')
    const rootAt = root.extents[0]?.offsetBytes ?? 0
    const rootBytes = Buffer.from(image.buffer, image.byteOffset + rootAt, 2048)
    const recordAt = rootBytes.indexOf('MANY', 0, 'latin1') - 33
    expect(rootBytes.readUInt32LE(recordAt + 2) * 2048).toBe(many?.extents[0]?.offsetBytes)
    rootBytes.writeUInt32LE(rootAt / 2048, recordAt + 2) // "many" is now the root itself
    const paths: string[] = []
    for await (const { path } of (await openIso(memorySource(image))).walk()) paths.push(path)
    expect(paths).toHaveLength(sampleFiles.length - 60)
  })

  it('says that a file reaches beyond the image, or that a record cannot be', async () => {
    const image = Buffer.from(makeSample())
    const { extents } = await (await openIso(memorySource(image))).stat('')
    const rootAt = extents[0]?.offsetBytes ?? 0
    const recordAt = image.indexOf('README.TXT;1', rootAt, 'latin1') - 33
    image.writeUInt32LE(0x7fffffff, recordAt + 2)
    await expect((await openIso(memorySource(image))).readFile('README.TXT')).rejects.toMatchObject({
      code: 'truncated',
    })
    image.writeUInt8(20, recordAt)
    await expect((await openIso(memorySource(image))).list('')).rejects.toMatchObject({ code: 'malformed' })
  })

  const missing = missingTool('genisoimage')
  it.skipIf(missing !== undefined)(
    `reads what genisoimage writes${missing === undefined ? '' : ' (skipped: it is not installed)'}`,
    () =>
      withFolder(async (folder) => {
        mkdirSync(join(folder, 'in/Some Folder'), { recursive: true })
        writeIn(join(folder, 'in/Some Folder'), 'A file with a rather long name, ünïcode.txt', Buffer.from('content'))
        const iso = join(folder, 'a.iso')
        for (const [flags, names] of [
          [['-R', '-J'], 'rock-ridge'],
          [['-J', '-joliet-long'], 'joliet'],
        ] as const) {
          execFileSync('genisoimage', [
            '-quiet',
            '-input-charset',
            'utf-8',
            ...flags,
            '-V',
            'OTHER',
            '-o',
            iso,
            join(folder, 'in'),
          ])
          const image = await openIso(iso)
          expect([image.volumeLabel, image.names]).toEqual(['OTHER', names])
          const content = await image.readFile('Some Folder/A file with a rather long name, ünïcode.txt')
          expect(Buffer.from(content).toString()).toBe('content')
          await image.close()
        }
      }),
  )

  it('answers mutated images with typed errors and in bounded time', async () => {
    const small = buildIso({ volumeLabel: 'X', files: sampleFiles.slice(0, 12), efiBoot: { image: makeFat() }, date })
    const interesting = small.findLastIndex((byte, at) => byte !== 0 && at < 60 * 2048)
    const random = makeRandom(20260203)
    for (let round = 0; round < 300; round++) {
      const mutated = small.slice()
      for (let i = random(12); i >= 0; i--)
        mutated[16 * 2048 + random(interesting - 16 * 2048)] = random(3) === 0 ? 0xff : random(256)
      await readEverything(round % 5 === 0 ? mutated.subarray(0, random(mutated.length)) : mutated).catch(mustBeTyped)
    }
  }, 60_000)

  it('answers a mutated descriptor area and folders with typed errors', async () => {
    const small = makeSample()
    const random = makeRandom(4)
    for (let round = 0; round < 100; round++) {
      const mutated = small.slice()
      const area = random(2) === 0 ? [16 * 2048, 20 * 2048] : [85 * 2048, 120 * 2048]
      for (let i = random(6); i >= 0; i--)
        mutated[(area[0] ?? 0) + random((area[1] ?? 0) - (area[0] ?? 0))] = random(256)
      await readEverything(mutated).catch(mustBeTyped)
    }
  }, 60_000)
})

describe('openFat', () => {
  it('reads a loader and the volume’s own size', async () => {
    const fat = await openFat(memorySource(makeFat()))
    expect([fat.type, fat.sizeBytes]).toEqual(['FAT12', makeFat().length])
    expect(Buffer.from((await fat.readFile('efi/boot/bootx64.efi', 4096)) ?? []).equals(Buffer.from(loader))).toBe(true)
    expect(await fat.readFile('EFI/BOOT/BOOTAA64.EFI', 4096)).toBeUndefined()
  })

  it('ends with a cluster chain that bites its tail', async () => {
    const image = makeFat()
    for (let at = 512; at < 1024; at += 3) image.set([0x02, 0x20, 0x00], at) // every entry names cluster 2
    const fat = await openFat(memorySource(image))
    expect((await fat.readFile('EFI/BOOT/BOOTX64.EFI', 4096))?.length).toBe(loader.length)
    expect(await fat.readFile('EFI/BOOT/NOWHERE', 4096)).toBeUndefined()
  })
})
