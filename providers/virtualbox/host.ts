/** Where VirtualBox is: this computer, and its own place on it. */
import { access, constants } from 'node:fs/promises'
import { release } from 'node:os'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import type { ProviderContext } from '../../src/provider/contract.ts'

/** What of this computer tests exchange. */
export interface HostPlaces {
  /** Holds the device files of kernel modules. */
  readonly devices: string
  /** What the kernel tells of itself. */
  readonly system: string
  /** The running kernel's modules. */
  readonly modules: string
}

export const usualPlaces: HostPlaces = { devices: '/dev', system: '/sys', modules: `/lib/modules/${release()}` }

/** Throws usage where another computer is meant. */
export function requireLocal(host: string): void {
  if (host === 'local') return
  throw new AzlVmError('usage', `'${host}' is no VirtualBox host`, {
    hint: 'Write local: VirtualBox is driven on the computer that azl-vm runs on.',
  })
}

/** VirtualBox's programs; all of them lie in one folder. */
export interface Programs {
  readonly folder: string
  readonly manage: string
  /** Runs a machine without a window. */
  readonly headless: string
  /** Shows a machine in a window. */
  readonly window: string
}

/**
 * Finds VirtualBox; undefined where it is not installed. On Windows by what its installer sets; elsewhere by PATH, but
 * past the wrapper script of Linux packages, which prints a warning of its own on each call while the kernel module is
 * missing (debian/VBox.sh; in 7.2.22 five lines).
 */
export async function findPrograms({ env, platform }: ProviderContext): Promise<Programs | undefined> {
  const suffix = platform === 'win32' ? '.exe' : ''
  for (const folder of candidates(env, platform)) {
    const manage = path.join(folder, `VBoxManage${suffix}`)
    const mode = platform === 'win32' ? constants.F_OK : constants.X_OK
    const isThere = await access(manage, mode).then(
      () => true,
      () => false,
    )
    if (!isThere) continue
    const headless = path.join(folder, `VBoxHeadless${suffix}`)
    return { folder, manage, headless, window: path.join(folder, `VirtualBoxVM${suffix}`) }
  }
  return undefined
}

/** Of packages, and of the installer from virtualbox.org (its .run); both put a wrapper into the first of PATH's. */
const linuxPlaces = ['/usr/lib/virtualbox', '/opt/VirtualBox', '/usr/lib64/virtualbox']
const wrapperPlaces = new Set(['/usr/bin', '/bin', '/usr/local/bin'])

function candidates(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] {
  const inPath = (env['PATH'] ?? '').split(path.delimiter).filter((entry) => entry !== '')
  if (platform === 'win32') {
    const told = [env['VBOX_MSI_INSTALL_PATH'], env['VBOX_INSTALL_PATH']].filter((each) => each !== undefined)
    const usual = [env['ProgramW6432'], env['ProgramFiles']]
      .filter((each) => each !== undefined)
      .map((each) => path.join(each, 'Oracle', 'VirtualBox'))
    return [...told, ...usual, ...inPath]
  }
  const own = inPath.filter((folder) => !wrapperPlaces.has(path.normalize(folder)))
  const places = platform === 'darwin' ? ['/Applications/VirtualBox.app/Contents/MacOS'] : linuxPlaces
  return [...own, ...places, ...inPath]
}
