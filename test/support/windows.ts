/**
 * Windows under Wine: azl-vm run by the Windows build of Node, the Hyper-V simulator's host published for win-x64 in
 * the place of powershell.exe, real pipes and drives. QEMU stays outside (wine-bridge.ts). Wine is not Windows: it
 * proves our side of the border, not Hyper-V's.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { windowsNode } from '../../scripts/host-setup/windows-node.mjs'
import type { Ended } from './e2e-process.ts'
import {
  buildSimulator,
  digestOfSources,
  missingForSimulator,
  onceBuilt,
  publishForWindows,
  qemuCommands,
} from './hyperv-simulator-build.ts'
import type { SimulatorKnobs } from './hyperv-simulator.ts'
import { repositoryRoot } from './run-cli.ts'
import { openWineBridge, type OutsidePrograms, type WineBridge } from './wine-bridge.ts'
import { WindowsProcess } from './windows-process.ts'

/** Debian's; /usr/bin/wine is a script that asks for the 32-bit one. */
const wine = '/usr/lib/wine/wine64'
const wineserver = '/usr/lib/wine/wineserver'

/** Making Wine's folder and publishing, on a busy machine, milliseconds. */
export const windowsLimitMs = 900_000

/** Why there can be no Windows on this machine; undefined where there can. */
export async function missingForWindows(): Promise<string | undefined> {
  const lacks = await missingForSimulator()
  if (lacks !== undefined) return lacks
  if (process.arch !== 'x64')
    return 'Wine runs programs of its own architecture only, and there is no Windows Node for this one'
  if (!existsSync(wine)) return `Debian's wine64 is not installed (no ${wine}); npm test does it on Debian`
  if (!existsSync(windowsNode(repositoryRoot))) return "Windows' Node was not fetched; npm test does it on Debian"
  return undefined
}

function wineEnvironment(prefix: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    // Wine leads its users' folders to those of HOME.
    HOME: prefix,
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // No menus, no question about an HTML engine, and no debugger that a program which died would wait for. No console's
    // host either: Wine's inherits the pipes of the program that it is started for, and where it stays behind, whoever
    // reads these never hears their end (Wine 8.0: seen at `reg query`, about once in 300). Windows' inherits nothing.
    WINEDLLOVERRIDES: 'winemenubuilder.exe=d;mshtml=d;winedbg.exe=d;conhost.exe=d',
    // File names in Unix are UTF-8.
    LC_ALL: 'C.UTF-8',
    // With it .NET crashes at its first collected dynamic method (Wine 8.0, .NET 10: seen).
    DOTNET_EnableWriteXorExecute: '0',
  }
}

/** Wine's folder with our powershell.exe in it; the first caller makes it, the others wait for it. */
async function buildWindows(): Promise<string> {
  const simulator = await buildSimulator()
  const made = join(repositoryRoot, '.cache', 'windows', await digestOfSources())
  return await onceBuilt(made, async (folder) => {
    const prefix = join(folder, 'prefix')
    const powershell = join(folder, 'WindowsPowerShell')
    await Promise.all([makePrefix(prefix), publishForWindows(join(powershell, 'v1.0'))])
    // Cmdlets and modules are the same on both systems.
    for (const name of await readdir(simulator)) await symlink(join(simulator, name), join(powershell, name))
    const inWindows = join(prefix, 'drive_c', 'windows', 'system32', 'WindowsPowerShell')
    // Wine has a program of that name, which does nothing.
    await rm(inWindows, { recursive: true, force: true })
    await symlink(join(made, 'WindowsPowerShell'), inWindows)
    return folder
  })
}

async function makePrefix(prefix: string): Promise<void> {
  await mkdir(prefix, { recursive: true })
  const env = wineEnvironment(prefix)
  await execa(wine, ['wineboot', '--init'], { env, extendEnv: false, stdio: 'ignore' })
  // It would else be Windows 7, which neither Node nor .NET runs on.
  await execa(wine, ['winecfg', '-v', 'win10'], { env, extendEnv: false, stdio: 'ignore' })
  await execa(wineserver, ['--wait'], { env, extendEnv: false })
}

export interface RunOptions {
  /** A folder of Linux; Wine finds the drive that it is on. */
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

export class Windows {
  /** What drive D: is, in Linux's words; gone with it. */
  readonly drive: string
  /** What `\\dateiserver\Freigabe für alle` is. */
  readonly share: string
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #bridge: WineBridge
  readonly #running = new Set<WindowsProcess>()
  #runs = 0

  private constructor(folder: string, env: NodeJS.ProcessEnv, bridge: WineBridge) {
    this.#folder = folder
    this.drive = join(folder, 'd')
    this.share = join(folder, 'share')
    this.#env = env
    this.#bridge = bridge
  }

  /** A Windows of its own, with an empty Hyper-V; `outside`: what doubles in it may run on Linux. */
  static async begin(outside: OutsidePrograms = {}): Promise<Windows> {
    const made = await buildWindows()
    const folder = await mkdtemp(join(tmpdir(), 'azl-windows-'))
    // Beside the one that it is made from, because hard links do not reach another file system.
    const prefix = await mkdtemp(`${made}-`)
    await execa('cp', ['--archive', '--link', `${join(made, 'prefix')}/.`, prefix])
    const bridge = await openWineBridge(outside)
    const env = {
      ...wineEnvironment(prefix),
      AZL_SIM_BRIDGE: bridge.address,
      AZL_SIM_STATE: onDriveZ(join(folder, 'state')),
      AZL_SIM_QEMU: qemuCommands,
      // What each drive is to programs outside.
      AZL_SIM_DRIVES: JSON.stringify({ c: join(prefix, 'drive_c'), d: join(folder, 'd'), z: '' }),
    }
    const windows = new Windows(folder, env, bridge)
    await mkdir(windows.drive)
    await mkdir(join(folder, 'state'))
    await symlink(windows.drive, join(prefix, 'dosdevices', 'd:'))
    await mkdir(windows.share)
    // Wine takes the servers and their shares from this folder.
    await mkdir(join(prefix, 'dosdevices', 'unc', 'dateiserver'), { recursive: true })
    await symlink(windows.share, join(prefix, 'dosdevices', 'unc', 'dateiserver', 'Freigabe für alle'))
    await windows.setKnobs({})
    return windows
  }

  async setKnobs(knobs: SimulatorKnobs): Promise<void> {
    await writeFile(join(this.#folder, 'state', 'knobs.json'), JSON.stringify(knobs))
  }

  /** What lies at a path of drive C: or D:, as Linux names it. */
  unix(path: string): string {
    const below = path.slice(2).replaceAll('\\', '/')
    const drive = path.slice(0, 2).toLowerCase()
    return drive === 'd:' ? join(this.drive, below) : join(String(this.#env['WINEPREFIX']), 'drive_c', below)
  }

  /** Sets a value of the registry, as an installer does; no name: the key's default one. */
  async setRegistry(key: string, name: string | undefined, value: string): Promise<void> {
    const args = ['add', key, ...(name === undefined ? ['/ve'] : ['/v', name]), '/d', value, '/f']
    await execa(wine, ['reg', ...args], { env: this.#env, extendEnv: false, stdio: 'ignore' })
  }

  /** Runs `node.exe` with these words. */
  async node(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await (
      await this.startNode(argv, options)
    ).ended
  }

  async startNode(argv: readonly string[], options: RunOptions = {}): Promise<WindowsProcess> {
    return await this.#start([windowsNode(repositoryRoot), ...argv], options)
  }

  /** Runs a script's text in PowerShell's engine, from a file without a byte order mark. */
  async powershell(script: string, options: RunOptions = {}): Promise<Ended> {
    await writeFile(join(this.drive, 'script.ps1'), script)
    const program = String.raw`C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe`
    const words = ['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', 'D:\\script.ps1']
    return await (
      await this.#start([program, ...words], options)
    ).ended
  }

  async #start(
    words: readonly [string, ...string[]],
    { cwd = this.drive, env = {} }: RunOptions,
  ): Promise<WindowsProcess> {
    this.#runs += 1
    const started = await WindowsProcess.start({
      command: [wine, ...words],
      cwd,
      env: { ...this.#env, ...env },
      output: join(this.#folder, `run-${this.#runs}`),
    })
    this.#running.add(started)
    return started
  }

  /** Ends all that runs in it, also what was detached. */
  async stop(): Promise<void> {
    for (const each of this.#running) each.kill()
    await execa(wineserver, ['--kill'], { env: this.#env, extendEnv: false, reject: false })
    await execa(wineserver, ['--wait'], { env: this.#env, extendEnv: false, reject: false })
    await this.#bridge.close()
    await rm(String(this.#env['WINEPREFIX']), { recursive: true, force: true })
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** An absolute path of Linux in Wine's words. */
export function onDriveZ(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`
}
