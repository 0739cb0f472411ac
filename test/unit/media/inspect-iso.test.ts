import { asNobody } from '../../support/as-nobody.ts'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { isAzlVmError } from '../../../src/errors.ts'
import type { AzlVmError } from '../../../src/errors.ts'
import { buildIso } from '../../../src/iso9660/index.ts'
import { inspectBootMedium, requireArchitecture } from '../../../src/media/inspect-iso.ts'
import { date, makeFat, makePe, missingTool, withFolder, writeIn } from '../iso9660/samples.ts'

const bootable = buildIso({
  volumeLabel: 'AZL4',
  files: [{ path: 'a', data: Buffer.alloc(5000) }],
  efiBoot: { image: makeFat() },
  date,
})

async function errorOf(promise: Promise<unknown>): Promise<AzlVmError> {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  )
  if (!isAzlVmError(error)) throw error
  return error
}

async function errorFor(bytes: Uint8Array): Promise<AzlVmError> {
  return withFolder((folder) => errorOf(inspectBootMedium(writeIn(folder, 'x.iso', bytes))))
}

/** Turns the one catalog entry of an image into one for a BIOS, with its checksum. */
function makeBiosOnly(iso: Uint8Array): Uint8Array {
  const image = Buffer.from(iso)
  const at = image.readUInt32LE(17 * 2048 + 0x47) * 2048
  image.writeUInt8(0, at + 1)
  image.writeUInt16LE(0, at + 28)
  let sum = 0
  for (let i = 0; i < 32; i += 2) sum += image.readUInt16LE(at + i)
  image.writeUInt16LE(-sum & 0xffff, at + 28)
  return image
}

describe('inspectBootMedium', () => {
  it('says label, sizes and architecture of a UEFI ISO', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a.iso', bootable)
      expect(await inspectBootMedium(path)).toEqual({
        path,
        sizeBytes: bootable.length,
        declaredBytes: bootable.length,
        volumeLabel: 'AZL4',
        efiArchitectures: ['x86_64'],
        hasBiosBoot: false,
      })
    }))

  it.each([0, 1])('believes the FAT image and not a load size of %d sectors', (sectors) =>
    withFolder(async (folder) => {
      const image = Buffer.from(bootable)
      image.writeUInt16LE(sectors, image.readUInt32LE(17 * 2048 + 0x47) * 2048 + 38)
      expect((await inspectBootMedium(writeIn(folder, 'a.iso', image))).efiArchitectures).toEqual(['x86_64'])
    }),
  )

  it('recognises an ISO for aarch64, and requireArchitecture refuses it for x86_64', () =>
    withFolder(async (folder) => {
      const image = makeFat('BOOTAA64.EFI', makePe(0xaa64))
      const medium = await inspectBootMedium(
        writeIn(folder, 'a.iso', buildIso({ volumeLabel: 'ARM', files: [], efiBoot: { image }, date })),
      )
      expect(medium.efiArchitectures).toEqual(['aarch64'])
      expect(() => {
        requireArchitecture(medium, 'aarch64')
      }).not.toThrow()
      expect(() => {
        requireArchitecture(medium, 'x86_64')
      }).toThrow(expect.objectContaining({ code: 'medium-wrong-architecture', exitCode: 6 }))
    }))

  it('does not believe a file name whose program is for another machine', async () => {
    const error = await errorFor(
      buildIso({ volumeLabel: 'X', files: [], efiBoot: { image: makeFat('BOOTX64.EFI', makePe(0xaa64)) }, date }),
    )
    expect(error.code).toBe('medium-not-bootable')
  })

  it('names the absolute path that is not there and the file that was meant', () =>
    withFolder(async (folder) => {
      writeIn(folder, 'AzureLinux-4.0-x86_64.iso', bootable)
      const error = await errorOf(inspectBootMedium(join(folder, 'AzureLinux-4.0-x86-64.iso')))
      expect(error).toMatchObject({
        code: 'path-not-found',
        exitCode: 2,
        hint: "Did you mean 'AzureLinux-4.0-x86_64.iso'?",
      })
      expect(error.message).toContain(join(folder, 'AzureLinux-4.0-x86-64.iso'))
      expect((await errorOf(inspectBootMedium('no/such/folder/x.iso'))).message).toContain(
        join(process.cwd(), 'no/such/folder/x.iso'),
      )
    }))

  it('refuses a folder, an empty file and a pipe', () =>
    withFolder(async (folder) => {
      mkdirSync(join(folder, 'd'))
      expect(await errorOf(inspectBootMedium(join(folder, 'd')))).toMatchObject({ code: 'medium-unreadable' })
      expect(await errorOf(inspectBootMedium(writeIn(folder, 'e', new Uint8Array(0))))).toMatchObject({
        code: 'medium-empty',
        exitCode: 6,
      })
      if (process.platform === 'win32') return
      execFileSync('mkfifo', [join(folder, 'p')])
      expect(await errorOf(inspectBootMedium(join(folder, 'p')))).toMatchObject({ code: 'medium-unreadable' })
    }))

  it.skipIf(process.platform === 'win32')('refuses a file that it may not read', () =>
    withFolder(async (folder) => {
      const path = writeIn(folder, 'a.iso', bootable)
      chmodSync(path, 0)
      expect(await asNobody(folder, () => errorOf(inspectBootMedium(path)))).toMatchObject({
        code: 'medium-unreadable',
      })
    }),
  )

  it('says how much of a truncated image is there, wherever it is cut', async () => {
    for (const sizeBytes of [18 * 2048, 21 * 2048, bootable.length - 1]) {
      const error = await errorFor(bootable.subarray(0, sizeBytes))
      expect(error.code, String(sizeBytes)).toBe('medium-truncated')
      expect(error.message).toContain(`${String(bootable.length)} bytes are expected, ${String(sizeBytes)} are there`)
    }
  })

  it.each([
    ['a QCOW2 disk image', Buffer.concat([Buffer.from('QFI\xfb', 'latin1'), Buffer.alloc(100_000)])],
    ['a VHDX disk image', Buffer.concat([Buffer.from('vhdxfile'), Buffer.alloc(100_000)])],
    ['a gzip file', gzipSync(bootable)],
    ['a web page', Buffer.from('<!DOCTYPE html><title>404</title>')],
    ['a raw disk image', Buffer.concat([Buffer.alloc(510), Buffer.from([0x55, 0xaa]), Buffer.alloc(100_000)])],
    ['no ISO 9660 image', Buffer.from('x')],
  ])('recognises %s that was given for an ISO', async (what, bytes) => {
    const error = await errorFor(bytes)
    expect(error.code).toBe('medium-not-bootable')
    expect(error.message).toContain(what)
  })

  it.each([
    ['data only', buildIso({ volumeLabel: 'X', files: [], date })],
    [
      'no boot catalog',
      buildIso({ volumeLabel: 'X', files: [{ path: 'EFI/BOOT/BOOTX64.EFI', data: makePe(0x8664) }], date }),
    ],
    ['has no loader', buildIso({ volumeLabel: 'X', files: [], efiBoot: { image: makeFat('OTHER.EFI') }, date })],
    ['with a BIOS only', makeBiosOnly(bootable)],
  ])('says why an ISO is not bootable: %s', async (why, bytes) => {
    const error = await errorFor(bytes)
    expect(error.code).toBe('medium-not-bootable')
    expect(error.message).toContain(why)
  })

  const missing = missingTool('xorriso')
  it.skipIf(missing !== undefined)(
    `recognises a hybrid ISO by xorriso with an appended partition${missing === undefined ? '' : ' (skipped: no xorriso)'}`,
    () =>
      withFolder(async (folder) => {
        mkdirSync(join(folder, 'in'))
        writeFileSync(join(folder, 'in/a'), 'a')
        const esp = writeIn(folder, 'esp.img', makeFat())
        const iso = join(folder, 'a.iso')
        execFileSync(
          'xorriso',
          [
            '-as',
            'mkisofs',
            '-quiet',
            '-V',
            'HYBRID',
            '-o',
            iso,
            '-append_partition',
            '2',
            '0xef',
            esp,
            '-appended_part_as_gpt',
            '-eltorito-alt-boot',
            '-e',
            '--interval:appended_partition_2:all::',
            '-no-emul-boot',
            join(folder, 'in'),
          ],
          { stdio: 'ignore' },
        )
        expect(await inspectBootMedium(iso)).toMatchObject({ volumeLabel: 'HYBRID', efiArchitectures: ['x86_64'] })
      }),
  )

  it('ends with `cancelled` when the signal is aborted', async () => {
    expect(await errorOf(inspectBootMedium('/x', { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'cancelled',
      exitCode: 130,
    })
  })
})
