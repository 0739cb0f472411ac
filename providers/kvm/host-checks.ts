/** What a look at this computer itself tells about its libvirt; only where libvirt is a local one. Changes nothing. */
import { stat } from 'node:fs/promises'
import type { Finding } from '../../src/provider/contract.ts'

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
