/** What of this computer keeps VirtualBox from running machines, or makes them slow; each with what to do. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Finding } from '../../src/provider/contract.ts'
import { isThere } from '../../src/store/is-there.ts'
import type { HostPlaces } from './host.ts'

/** `version`: of VirtualBox, as three numbers. */
export async function linuxFindings(
  { devices, system, modules }: HostPlaces,
  version: readonly number[],
): Promise<readonly Finding[]> {
  const driver = (await isThere(path.join(devices, 'vboxdrv'))) ? [] : [await noDriver(system, modules)]
  return [...driver, ...(await kvmFindings(system, version))]
}

async function noDriver(system: string, modules: string): Promise<Finding> {
  const [isBuilt, isSigned] = [await hasModule(modules), await needsSignature(system)]
  const why = !isBuilt
    ? 'it is not built for this kernel'
    : isSigned
      ? 'it is built, and this computer’s Secure Boot loads only signed ones'
      : 'it is built and not loaded'
  return {
    level: 'error',
    code: isBuilt && isSigned ? 'vboxdrv-unsigned' : 'vboxdrv-missing',
    message: `VirtualBox’s kernel module vboxdrv is not there: ${why}`,
    fix: !isBuilt
      ? 'Install the kernel’s headers, then `sudo /sbin/vboxconfig` (packages of a distribution: `sudo apt-get install virtualbox-dkms`).'
      : isSigned
        ? 'Sign it with a key that the firmware knows (`sudo mokutil --import KEY.der`, start anew, enrol it), then `sudo modprobe vboxdrv`.'
        : 'sudo modprobe vboxdrv',
    error: 'host-not-ready',
  }
}

/** Below the running kernel's modules, wherever DKMS or vboxconfig put it. */
async function hasModule(modules: string): Promise<boolean> {
  const names = await readdir(modules, { recursive: true }).catch(() => [])
  return names.some((name) => /(?:^|[\\/])vboxdrv\.ko(?:\.\w+)?$/.test(name)) // updates/dkms/vboxdrv.ko.xz
}

/** UEFI's variable SecureBoot of the host: four bytes of attributes, then the value. */
async function needsSignature(system: string): Promise<boolean> {
  const file = path.join(system, 'firmware', 'efi', 'efivars', 'SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c')
  const value = await readFile(file).catch(() => undefined)
  return value?.at(4) === 1
}

/** From this version on VirtualBox takes turns with KVM by the kernel's own means (VirtualBox#711, #713). */
const firstThatShares = [7, 2, 10]

/**
 * Linux 6.12 and later switch virtualization on when KVM is loaded, unless told not to. Earlier versions of VirtualBox
 * find it taken then; later ones need it so.
 */
async function kvmFindings(system: string, version: readonly number[]): Promise<readonly Finding[]> {
  const file = path.join(system, 'module', 'kvm', 'parameters', 'enable_virt_at_load')
  const value = (await readFile(file, 'utf8').catch(() => '')).trim()
  const shares = isAtLeast(version, firstThatShares)
  if (value === 'Y' && !shares)
    return [
      {
        level: 'warning',
        code: 'kvm-holds-virtualization',
        message: `KVM holds the processor’s virtualization from its loading on, and VirtualBox before ${firstThatShares.join('.')} cannot share it`,
        fix: 'Update VirtualBox, or boot the kernel with `kvm.enable_virt_at_load=0`, or unload KVM: `sudo modprobe -r kvm_intel kvm_amd kvm`.',
      },
    ]
  if (value === 'N' && shares)
    return [
      {
        level: 'warning',
        code: 'kvm-shares-nothing',
        message: `KVM was told not to hold the processor’s virtualization, and VirtualBox from ${firstThatShares.join('.')} on needs that it does`,
        fix: 'Remove `kvm.enable_virt_at_load=0` from the kernel’s command line and from /etc/modprobe.d, and start anew.',
      },
    ]
  return []
}

function isAtLeast(version: readonly number[], least: readonly number[]): boolean {
  for (const [index, number] of least.entries()) {
    const difference = (version[index] ?? 0) - number
    if (difference !== 0) return difference > 0
  }
  return true
}
