/** Our reading of disk images, against what QEMU writes. */
import { execFile, execFileSync } from 'node:child_process'
import { copyFile, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDiskImage } from '../../../src/media/disk-image.ts'
import type { ExportFormat } from '../../../src/provider/export.ts'
import { describeWhere } from '../../support/describe-where.ts'

const MiB = 1024 ** 2

function hasQemu(): boolean {
  try {
    execFileSync('qemu-img', ['--version'])
    return true
  } catch {
    return false
  }
}

describeWhere('disk images', hasQemu() ? undefined : 'qemu-img is not installed', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'azl-disk-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const make = async (name: string, ...rest: readonly string[]): Promise<string> => {
    const file = join(folder, name)
    await promisify(execFile)('qemu-img', ['create', '-q', ...rest.slice(0, -1), file, rest.at(-1) ?? ''])
    return file
  }
  const write = async (file: string, offset: number, byte: number): Promise<void> => {
    const handle = await open(file, 'r+')
    await handle.write(Uint8Array.of(byte), 0, 1, offset)
    await handle.close()
  }

  const kinds: readonly (readonly [ExportFormat, readonly string[]])[] = [
    ['qcow2', ['-f', 'qcow2']],
    ['raw', ['-f', 'raw']],
    ['vhdx', ['-f', 'vhdx']],
    ['vhd', ['-f', 'vpc', '-o', 'force_size=on']],
    ['vhd-fixed', ['-f', 'vpc', '-o', 'subformat=fixed,force_size=on']],
    ['vmdk', ['-f', 'vmdk']],
    ['vdi', ['-f', 'vdi']],
  ]

  test.each(kinds)('%s tells its size', async (format, options) => {
    const file = await make(`right.${format}`, ...options, String(65 * MiB))
    expect(await readDiskImage(file, format)).toEqual({ format, sizeBytes: 65 * MiB, hasParent: false })
  })

  const readable = [...kinds.map(([format]) => format), 'ova' as const]
  test.each(readable.filter((format) => format !== 'raw'))('what is no %s is refused', async (format) => {
    const file = await make(`wrong.${format}`, '-f', 'raw', String(MiB))
    await expect(readDiskImage(file, format)).rejects.toMatchObject({ code: 'backend-failed' })
  })

  describe('an OVA', () => {
    const pack = async (name: string, disk: string, ...capacities: readonly number[]): Promise<string> => {
      const place = await mkdtemp(join(folder, 'ova-'))
      await copyFile(disk, join(place, 'disk1.vmdk'))
      const disks = capacities.map((bytes) => `<Disk ovf:capacity="${String(bytes)}" ovf:fileRef="file1"/>`).join('')
      const files = '<References><File ovf:id="file1" ovf:href="disk1.vmdk"/></References>'
      await writeFile(
        join(place, 'a.ovf'),
        `<Envelope xmlns:ovf="o">${files}<DiskSection>${disks}</DiskSection></Envelope>`,
      )
      const file = join(folder, name)
      await promisify(execFile)('tar', ['--format=ustar', '-C', place, '-cf', file, 'a.ovf', 'disk1.vmdk'])
      return file
    }
    const vmdk = (name: string) => make(name, '-f', 'vmdk', '-o', 'subformat=streamOptimized', String(65 * MiB))

    test('tells the size of its disks', async () => {
      const file = await pack('right.ova', await vmdk('packed.vmdk'), 65 * MiB)
      expect(await readDiskImage(file, 'ova')).toEqual({ format: 'ova', sizeBytes: 65 * MiB, hasParent: false })
    })

    test('is refused where its descriptor and its disks do not agree, and where it is cut off', async () => {
      const other = await pack('other.ova', await vmdk('other.vmdk'), 64 * MiB)
      await expect(readDiskImage(other, 'ova')).rejects.toThrow('a disk has not the size')
      const none = await pack('none.ova', await make('none.raw', '-f', 'raw', String(MiB)), 65 * MiB)
      await expect(readDiskImage(none, 'ova')).rejects.toThrow('no VMDK header')
      const cut = await pack('cut.ova', await vmdk('cut.vmdk'), 65 * MiB)
      await truncate(cut, 20 * 1024)
      await expect(readDiskImage(cut, 'ova')).rejects.toThrow('disk1.vmdk is cut off')
    })
  })

  test('an overlay is told', async () => {
    const base = await make('base.qcow2', '-f', 'qcow2', String(MiB))
    const file = await make('over.qcow2', '-f', 'qcow2', '-F', 'qcow2', '-b', base, String(MiB))
    expect(await readDiskImage(file, 'qcow2')).toMatchObject({ hasParent: true })
  })

  test('a fixed VHD that Azure would refuse is refused: type, whole MiB, length, footer', async () => {
    const fixed = ['-f', 'vpc', '-o', 'subformat=fixed,force_size=on']
    const cases: readonly (readonly [string, Promise<string>])[] = [
      ['not of fixed size', make('dynamic.vhd', '-f', 'vpc', '-o', 'force_size=on', String(MiB))],
      ['no whole number of MiB', make('odd.vhd', ...fixed, String(MiB + 512))],
    ]
    for (const [why, file] of cases) await expect(readDiskImage(await file, 'vhd-fixed')).rejects.toThrow(why)
    const damaged = await make('damaged.vhd', ...fixed, String(MiB))
    await write(damaged, MiB + 30, 0x77)
    await expect(readDiskImage(damaged, 'vhd-fixed')).rejects.toThrow('checksum')
    const cut = await make('cut.vhd', ...fixed, String(MiB))
    const handle = await open(cut, 'r+')
    await handle.truncate(MiB)
    await handle.close()
    await expect(readDiskImage(cut, 'vhd-fixed')).rejects.toThrow('no VHD footer')
  })
})
