/** What a look at this computer itself tells about its libvirt; only where libvirt is a local one. Changes nothing. */
import { readdir, readFile, stat } from 'node:fs/promises'
import type { Finding } from '../../src/provider/contract.ts'
import { quote } from '../../src/provider/shell-text.ts'

export interface BridgeFact {
  readonly name: string
  readonly isUp: boolean
}

/** Linux, if.h: the interface was switched on. */
const interfaceUp = 0x1

/** The bridges of this computer; Linux shows each as an interface with a folder `bridge`. Empty on other systems. */
export async function readBridges(root = '/'): Promise<readonly BridgeFact[]> {
  const folder = `${root}sys/class/net`
  const names = await readdir(folder).catch(() => [])
  const found = await Promise.all(
    names.map(async (name) => {
      if (!(await stat(`${folder}/${name}/bridge`).catch(() => undefined))) return undefined
      const flags = await readFile(`${folder}/${name}/flags`, 'utf8').catch(() => '0')
      return { name, isUp: (Number(flags) & interfaceUp) !== 0 }
    }),
  )
  return found.filter((bridge) => bridge !== undefined)
}

export function startBridgeCommand(name: string): string {
  return `\`sudo ip link set dev ${quote(name)} up\``
}

export async function localFindings(root = '/'): Promise<readonly Finding[]> {
  return [...(await kvmDevice(`${root}dev/kvm`)), ...(await lockFolder(`${root}run/lock`))]
}

/** Root's own device: libvirt probes as root and finds KVM, QEMU runs as another user and cannot open it. */
async function kvmDevice(file: string): Promise<readonly Finding[]> {
  const found = await stat(file).catch(() => undefined)
  const groupAndOthersMayWrite = 0o022
  if (!found || (found.mode & groupAndOthersMayWrite) !== 0) return []
  return [
    {
      level: 'warning',
      code: 'kvm-device-rights',
      message: `${file} is for root alone: QEMU, which runs as another user, cannot open it, and libvirt looks for KVM anew at every call`,
      fix: `\`sudo chgrp kvm ${file} && sudo chmod 0660 ${file}\``,
    },
  ]
}

/** libvirt locks a console's terminal in /var/lock, which is /run/lock; containers come without it. */
async function lockFolder(folder: string): Promise<readonly Finding[]> {
  if (await stat(folder).catch(() => undefined)) return []
  return [
    {
      level: 'error',
      code: 'lock-folder-missing',
      error: 'host-not-ready',
      message: `${folder} is missing, and libvirt opens no console without it`,
      fix: `\`sudo mkdir -m 1777 ${folder}\``,
    },
  ]
}
