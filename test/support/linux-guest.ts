/**
 * A Linux that is small and real: Debian's signed shim, GRUB and kernel, and an initrd of busybox. Where it boots
 * with Secure Boot on, every link of that chain was looked at by the firmware.
 */
import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { debianArm64, thisMachine, unpacked, type DebianSource } from './debian-source.ts'
import { writeIso, type Disc } from './e2e-isos.ts'

const run = promisify(execFile)

/**
 * What the guest does once it is up. `report`: says on the serial port what it sees of its firmware and TPM, and
 * switches itself off. `obey`: reads commands from the serial port, see {@link obeying}.
 */
export type GuestTask = 'report' | 'obey'

/** In the order in which they need each other. Everything else that a test asks for is in the kernel itself. */
const modules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'failover',
  'net_failover',
  'virtio_net',
  'efivarfs',
] as const

const prepare = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for name in ${modules.join(' ')}; do insmod /modules/$name.ko; done
`

/** The guest's own words, one a line: `guest: KEY VALUE`. */
const report = `${prepare}
mount -t efivarfs efivarfs /sys/firmware/efi/efivars
mount -t securityfs securityfs /sys/kernel/security
tell() { echo "guest: $*" >/dev/ttyS0; }
# Four bytes of attributes come before the value (UEFI, efivarfs).
tell secure-boot "$(tail -c 1 /sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c | hexdump -v -e '1/1 "%d"')"
tell lockdown "$(cat /sys/kernel/security/lockdown)"
tell kernel "$(dmesg | grep -i 'secure boot enabled' | head -n 1)"
tell tpm-version "$(cat /sys/class/tpm/tpm0/tpm_version_major)"
tell tpm-pcr-7 "$(cat /sys/class/tpm/tpm0/pcr-sha256/7)"
tell done
poweroff -f
`

const obey = `${prepare}
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo
export HOME=/ PATH=/bin
mkdir -p /www
echo from-the-guest >/www/index.html
echo guest-is-ready
while read -r line; do
  echo
  echo "guest-begin"
  sh -c "$line" </dev/null
  echo "guest-end $?"
done
`

/** What busybox' DHCP client runs with what it was given. */
const onLease = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
[ -z "$router" ] || ip route add default via "$router"
`

interface Board {
  /** As Debian names it. */
  readonly debian: string
  /** GRUB's own commands before the menu. */
  readonly terminal: readonly string[]
  readonly logLevel: number
}

const x86: Board = {
  debian: 'amd64',
  terminal: ['serial --unit=0 --speed=115200', 'terminal_input serial console', 'terminal_output serial console'],
  // Said by the kernel before the guest's own: only what is worth a look.
  logLevel: 3,
}

/** GRUB speaks through the firmware there, and the kernel's ttyS0 is another port, on which all of it is told. */
const arm: Board = { debian: 'arm64', terminal: [], logLevel: 7 }

function grubConfig(task: GuestTask, { terminal, logLevel }: Board): string {
  return `
${terminal.join('\n')}
set timeout=0
menuentry 'Linux guest' {
  linux /linux console=ttyS0,115200n8 loglevel=${String(logLevel)} rdinit=/${task}
  initrd /initrd.gz
}
`
}

/** Writes an ISO for UEFI on x86_64; its packages come from this machine's apt, once. */
export async function linuxGuestIso(to: string, task: GuestTask): Promise<void> {
  const [shim, grub] = await Promise.all([unpacked('shim-signed'), unpacked('grub-efi-amd64-signed')])
  await writeGuestIso(to, task, x86, thisMachine, {
    'BOOTX64.EFI': { from: join(shim, 'usr/lib/shim/shimx64.efi.signed') },
    // shim starts the program of this name beside it.
    'grubx64.efi': { from: join(grub, 'usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed') },
  })
}

/** The same for aarch64, without the signatures. */
export async function linuxGuestIsoAarch64(to: string, task: GuestTask): Promise<void> {
  const source = debianArm64()
  const grub = await unpacked('grub-efi-arm64-bin', source)
  await writeGuestIso(to, task, arm, source, {
    'BOOTAA64.EFI': { from: join(grub, 'usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi') },
  })
}

async function writeGuestIso(
  to: string,
  task: GuestTask,
  board: Board,
  source: DebianSource,
  programs: NonNullable<Disc['programs']>,
): Promise<void> {
  const kernelPackage = await packageOfKernel(board.debian, source)
  const [kernel, busybox] = await Promise.all([unpacked(kernelPackage, source), busyboxFile(source)])
  const version = kernelPackage.replace('linux-image-', '')
  await writeIso(to, {
    label: 'LINUX-GUEST',
    programs,
    files: {
      // Debian's GRUB for optical media takes the disc that has this file for its own.
      '.disk/info': { text: 'Linux guest of azl-vm’s tests\n' },
      'boot/grub/grub.cfg': { text: grubConfig(task, board) },
      linux: { from: join(kernel, 'boot', `vmlinuz-${version}`) },
      'initrd.gz': { bytes: await initrd(busybox, join(kernel, 'lib/modules', version)) },
    },
  })
}

/** A busybox that needs nothing else, for guests and for what stands around them. */
export async function busyboxFile(source: DebianSource = thisMachine): Promise<string> {
  return join(await unpacked('busybox-static', source), 'bin/busybox')
}

/**
 * The kernel for virtual machines: signed as the big one is, a third of its size. Its package is named for its version,
 * and shares its documentation with the meta-package, so that the link there says the name.
 */
async function packageOfKernel(debian: string, source: DebianSource): Promise<string> {
  const meta = `linux-image-cloud-${debian}`
  return await readlink(join(await unpacked(meta, source), 'usr/share/doc', meta))
}

async function initrd(busybox: string, moduleFolder: string): Promise<Uint8Array> {
  const work = await mkdtemp(join(tmpdir(), 'azl-vm-initrd-'))
  try {
    for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules']) await mkdir(join(work, folder))
    await cp(busybox, join(work, 'bin/busybox'))
    const there = (await readdir(moduleFolder, { recursive: true })).filter((file) => file.endsWith('.ko'))
    for (const name of modules) {
      const file = there.find((each) => basename(each) === `${name}.ko`)
      if (file === undefined) throw new Error(`Debian's kernel has no module ${name}`)
      await cp(join(moduleFolder, file), join(work, 'modules', `${name}.ko`))
    }
    for (const [name, text] of Object.entries({ report, obey, 'on-lease': onLease })) {
      await writeFile(join(work, name), text)
      await chmod(join(work, name), 0o755)
    }
    const own = await busyboxFile()
    await run(own, ['sh', '-c', 'cd "$1" && find . | busybox cpio -o -H newc >"$1.cpio" 2>/dev/null', 'sh', work], {
      env: { PATH: dirname(own) },
    })
    return gzipSync(await readFile(`${work}.cpio`), { level: 1 })
  } finally {
    await rm(work, { recursive: true, force: true })
    await rm(`${work}.cpio`, { force: true })
  }
}
