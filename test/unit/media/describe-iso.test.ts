import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { buildIso } from '../../../src/iso9660/index.ts'
import { describeIso } from '../../../src/media/describe-iso.ts'
import { parseGrubMenu } from '../../../src/media/grub-menu.ts'
import { readKernelImage } from '../../../src/media/kernel-image.ts'
import { date, makeFat, withFolder, writeIn } from '../iso9660/samples.ts'

/** As Azure Linux 4 has it, by what its sources show; see the boot options there. */
const azureMenu = `set timeout=5
serial --unit=0 --speed=115200
menuentry "Install Azure Linux 4.0" --class os --unrestricted {
    linux ($root)/boot/x86_64/loader/linux \${extra} console=ttyS0,115200 azl.autoinstall inst.nosave=all_ks
    initrd ($root)/boot/x86_64/loader/initrd
}
submenu 'More' {
  menuentry 'Try Azure Linux 4.0 (Live)' { # the shell
    linux ($root)/boot/x86_64/loader/linux console=ttyS0,115200
    initrd ($root)/boot/x86_64/loader/initrd
  }
}
`

function bzImage(version: string): Buffer {
  const image = Buffer.alloc(4096)
  image.write('HdrS', 0x202, 'latin1')
  image.writeUInt16LE(0x600, 0x20e)
  image.write(`${version} (build@host) #1 SMP\0`, 0x800, 'latin1')
  return image
}

function arm64Image(version: string): Buffer {
  const image = Buffer.alloc(8192)
  image.write('ARM\x64', 56, 'latin1')
  image.write('Linux version %s (%s)\0', 2048, 'latin1')
  image.write(`Linux version ${version} (build@host)\0`, 4096, 'latin1')
  return image
}

function iso(files: Readonly<Record<string, string | Buffer>>): Uint8Array {
  return buildIso({
    volumeLabel: 'CDROM',
    files: Object.entries(files).map(([path, content]) => ({ path, data: Buffer.from(content) })),
    efiBoot: { image: makeFat() },
    date,
  })
}

describe('describeIso', () => {
  it('reads menu, kernel and version of a medium that is made like Azure Linux 4', () =>
    withFolder(async (folder) => {
      const file = writeIn(
        folder,
        'azl.iso',
        iso({
          'boot/grub2/grub.cfg': azureMenu,
          'boot/x86_64/loader/linux': bzImage('6.18.2-1.azl4.x86_64'),
          'boot/x86_64/loader/initrd': 'x',
        }),
      )
      expect(await describeIso(file)).toMatchObject({
        volumeLabel: 'CDROM',
        efiArchitectures: ['x86_64'],
        bootCatalog: [{ platform: 'UEFI', isBootable: true }],
        menuFile: 'boot/grub2/grub.cfg',
        menu: [{ title: 'Install Azure Linux 4.0' }, { title: 'Try Azure Linux 4.0 (Live)' }],
        kernels: [{ path: 'boot/x86_64/loader/linux', architecture: 'x86_64', version: '6.18.2-1.azl4.x86_64' }],
        azureLinux: {
          version: '4.0',
          evidence: [
            'menu entry "Install Azure Linux 4.0"',
            'menu entry "Try Azure Linux 4.0 (Live)"',
            'kernel boot/x86_64/loader/linux is 6.18.2-1.azl4.x86_64',
            'kernel option azl.autoinstall',
          ],
        },
      })
    }))

  it('does not take another system for Azure Linux, and needs no menu', () =>
    withFolder(async (folder) => {
      const menu = "menuentry 'Debian' {\n linux /install/vmlinuz quiet\n}\n"
      const debian = writeIn(
        folder,
        'd.iso',
        iso({ 'boot/grub/grub.cfg': menu, 'install/vmlinuz': bzImage('6.1.0-18') }),
      )
      expect(await describeIso(debian)).toMatchObject({ azureLinux: undefined, kernels: [{ version: '6.1.0-18' }] })
      const bare = writeIn(folder, 'b.iso', iso({ readme: 'x' }))
      expect(await describeIso(bare)).toMatchObject({
        menu: [],
        kernels: [],
        menuFile: undefined,
        azureLinux: undefined,
      })
      const azl3 = writeIn(folder, '3.iso', iso({ 'isolinux/vmlinuz': bzImage('6.6.57.1-6.azl3') }))
      expect((await describeIso(azl3)).azureLinux).toMatchObject({ version: '3' })
    }))
})

describe('parseGrubMenu', () => {
  it('reads an entry of one line, and variables in braces', () => {
    const menu = "menuentry 'Install' { linux /linux ${more} quiet ; initrd /initrd.gz }\nmenuentry 'B' {\nlinux /b\n}"
    expect(parseGrubMenu(menu)).toEqual([
      { title: 'Install', kernel: '/linux', initrd: ['/initrd.gz'], options: '${more} quiet' },
      { title: 'B', kernel: '/b', initrd: [], options: '' },
    ])
  })

  it('takes a menu apart: quotes, submenus, continued lines, comments', () => {
    const [install, live] = parseGrubMenu(azureMenu.replace('inst.nosave', '\\\n inst.nosave'))
    expect(install).toEqual({
      title: 'Install Azure Linux 4.0',
      kernel: '($root)/boot/x86_64/loader/linux',
      initrd: ['($root)/boot/x86_64/loader/initrd'],
      options: '${extra} console=ttyS0,115200 azl.autoinstall inst.nosave=all_ks',
    })
    expect(live?.options).toBe('console=ttyS0,115200')
  })

  it('finds nothing in what is no menu', () => {
    expect(parseGrubMenu('\0\x01binary "unclosed')).toEqual([])
  })
})

describe('readKernelImage', () => {
  it('reads the version of an arm64 kernel, plain, packed, and in a UEFI program that unpacks it', () => {
    const plain = arm64Image('6.18.2-1.azl4.aarch64')
    const packed = gzipSync(plain)
    const zboot = Buffer.concat([Buffer.alloc(512), packed])
    zboot.write('zimg', 4, 'latin1')
    zboot.writeUInt32LE(512, 8)
    zboot.writeUInt32LE(packed.length, 12)
    for (const image of [plain, packed, zboot])
      expect(readKernelImage(image)).toEqual({ architecture: 'aarch64', version: '6.18.2-1.azl4.aarch64' })
  })

  it('says nothing of what is no kernel, or is cut off', () => {
    const nothing = { architecture: undefined, version: undefined }
    expect(readKernelImage(Buffer.from('hello'))).toEqual(nothing)
    expect(readKernelImage(gzipSync('x'.repeat(100)).subarray(0, 15))).toEqual(nothing)
  })
})
