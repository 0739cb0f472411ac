/** Boot media that nobody of azl-vm made: Debian's own programs, put on ISOs by xorriso and mtools. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { unpacked } from './debian-source.ts'

const run = promisify(execFile)

/** memtest86+ is itself a UEFI program: it is the loader. Waits for no key and hears no power button. */
export async function memtestIso(to: string): Promise<void> {
  const loader = join(await unpacked('memtest86+'), 'boot', 'memtest86+x64.efi')
  await writeIso(to, { label: 'MEMTEST', programs: { 'BOOTX64.EFI': { from: loader } }, files: {} })
}

/** What GRUB's menu asks on the serial port; Enter boots the installer's kernel. */
const grubConfig = `
serial --unit=0 --speed=115200
terminal_input serial console
terminal_output serial console
set timeout=-1
menuentry 'Debian installer' {
  linux /install/linux console=ttyS0,115200n8
  initrd /install/initrd.gz
}
`

/** Debian's installer as it is started from the network, behind Debian's GRUB for optical media. */
export async function debianInstallerIso(to: string): Promise<void> {
  const [installer, grub] = await Promise.all([
    unpacked('debian-installer-12-netboot-amd64'),
    unpacked('grub-efi-amd64-bin'),
  ])
  const images = join(installer, 'usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64')
  await writeIso(to, {
    label: 'DEBIAN-NETBOOT',
    programs: { 'BOOTX64.EFI': { from: join(grub, 'usr/lib/grub/x86_64-efi/monolithic/gcdx64.efi') } },
    files: {
      // Debian's GRUB for optical media takes the disc that has this file for its own.
      '.disk/info': { text: 'Debian installer of azl-vm’s tests\n' },
      'boot/grub/grub.cfg': { text: grubConfig },
      'install/linux': { from: join(images, 'linux') },
      'install/initrd.gz': { from: join(images, 'initrd.gz') },
    },
  })
}

/** PE machine types (PE format, "Machine Types"). */
const peMachines = { x86_64: ['BOOTX64.EFI', 0x8664], aarch64: ['BOOTAA64.EFI', 0xaa64] } as const

/** A UEFI medium of one architecture only; its loader is no more than the head of a program. */
export async function hollowIso(to: string, architecture: keyof typeof peMachines): Promise<void> {
  const [name, machine] = peMachines[architecture]
  const program = Buffer.alloc(1024)
  program.write('MZ', 0, 'latin1')
  program.writeUInt32LE(0x80, 0x3c)
  program.write('PE\0\0', 0x80, 'latin1')
  program.writeUInt16LE(machine, 0x84)
  await writeIso(to, { label: 'HOLLOW', programs: { [name]: { bytes: program } }, files: {} })
}

/** Data, and nothing that boots. */
export async function dataIso(to: string): Promise<void> {
  await writeIso(to, { label: 'DATA', files: { 'read.me': { text: 'nothing boots here\n' } } })
}

export type Content = { readonly text: string } | { readonly from: string } | { readonly bytes: Uint8Array }

export interface Disc {
  readonly label: string
  /** What lies in /EFI/BOOT of the boot image, by file name; the firmware starts BOOTX64.EFI or BOOTAA64.EFI. */
  readonly programs?: Readonly<Record<string, Content>>
  readonly files: Readonly<Record<string, Content>>
}

export async function writeIso(to: string, { label, programs, files }: Disc): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'azl-vm-iso-'))
  try {
    const tree = join(work, 'tree')
    await mkdir(tree)
    for (const [name, content] of Object.entries(files)) await writeContent(join(tree, name), content)
    if (programs) await writeFatImage(join(tree, 'efi.img'), join(work, 'programs'), programs)
    const boot = programs ? ['-e', 'efi.img', '-no-emul-boot'] : []
    await run('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-r', '-V', label, ...boot, '-o', to, tree])
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function writeContent(to: string, content: Content): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  if ('from' in content) await cp(content.from, to)
  else await writeFile(to, 'text' in content ? content.text : content.bytes)
}

async function writeFatImage(image: string, work: string, programs: NonNullable<Disc['programs']>): Promise<void> {
  const paths = Object.keys(programs).map((name) => join(work, name))
  for (const [name, content] of Object.entries(programs)) await writeContent(join(work, name), content)
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size))
  const sectors = sizes.reduce((sum, size) => sum + Math.ceil(size / 512), 2048)
  await run('mformat', ['-C', '-i', image, '-T', String(sectors), '-h', '2', '-s', '32', '-v', 'EFI', '::'])
  await run('mmd', ['-i', image, '::/EFI', '::/EFI/BOOT'])
  await run('mcopy', ['-i', image, ...paths, '::/EFI/BOOT/'])
}

export interface FileFacts {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly mtimeMs: number
  /** Changes with owner and mode, also where they were changed back. */
  readonly ctimeMs: number
  readonly sha256: string
}

/** All of a file that a tool could change. */
export async function fileFacts(file: string): Promise<FileFacts> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  const { uid, gid, mode, mtimeMs, ctimeMs } = await stat(file)
  return { uid, gid, mode, mtimeMs, ctimeMs, sha256: hash.digest('hex') }
}
