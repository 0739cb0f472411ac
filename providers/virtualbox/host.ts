/** Where VirtualBox is: this computer, and its own place on it. */
import { access, constants } from 'node:fs/promises'
import { release } from 'node:os'
import path from 'node:path'
import { AzlVmError } from '../../src/errors.ts'
import { variableOf } from '../../src/host/environment.ts'
import { registryText } from '../../src/host/registry.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'

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
export async function findPrograms(context: ProviderContext, { signal }: Call): Promise<Programs | undefined> {
  const { env, platform } = context
  const found = await firstOf(platform === 'win32' ? toldOnWindows(env) : unixPlaces(env, platform), platform)
  if (found || platform !== 'win32') return found
  const installed = await registryText(installFolder, env, signal)
  return await firstOf([...(installed === undefined ? [] : [installed]), ...inPath(env)], platform)
}

async function firstOf(folders: readonly string[], platform: NodeJS.Platform): Promise<Programs | undefined> {
  const suffix = platform === 'win32' ? '.exe' : ''
  for (const folder of folders) {
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

function inPath(env: NodeJS.ProcessEnv): readonly string[] {
  return (variableOf(env, 'PATH') ?? '').split(path.delimiter).filter((entry) => entry !== '')
}

/** The installer's variable is not in the environment of what was running before it. */
function toldOnWindows(env: NodeJS.ProcessEnv): readonly string[] {
  const told = ['VBOX_MSI_INSTALL_PATH', 'VBOX_INSTALL_PATH'].flatMap((name) => variableOf(env, name) ?? [])
  const usual = ['ProgramW6432', 'ProgramFiles']
    .flatMap((name) => variableOf(env, name) ?? [])
    .map((each) => path.join(each, 'Oracle', 'VirtualBox'))
  return [...told, ...usual]
}

/** What its installer writes besides (VBox's src/VBox/Installer/win). */
const installFolder = { key: 'HKLM\\SOFTWARE\\Oracle\\VirtualBox', name: 'InstallDir' }

/** Of packages, and of the installer from virtualbox.org (its .run); both put a wrapper into the first of PATH's. */
const linuxPlaces = ['/usr/lib/virtualbox', '/opt/VirtualBox', '/usr/lib64/virtualbox']
const wrapperPlaces = new Set(['/usr/bin', '/bin', '/usr/local/bin'])

function unixPlaces(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): readonly string[] {
  const own = inPath(env).filter((folder) => !wrapperPlaces.has(path.normalize(folder)))
  const places = platform === 'darwin' ? ['/Applications/VirtualBox.app/Contents/MacOS'] : linuxPlaces
  return [...own, ...places, ...inPath(env)]
}
