/** Where VMware's tools are and which product they belong to; looked for without starting any of them where it can be. */
import { access, constants, readFile } from 'node:fs/promises'
import { variableOf } from '../../src/host/environment.ts'
import { registryText } from '../../src/host/registry.ts'
import { runProgram } from '../../src/host/run-program.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { pathsOf } from './names.ts'
import { VmxFile } from './vmx-file.ts'

export interface Tools {
  readonly vmrun: string
  readonly diskManager: string
  /** Workstation 17.6 and Fusion 13.6 and later. */
  readonly vmcli: string | undefined
  /** The program with the window; undefined where only the tools are there. */
  readonly window: string | undefined
}

export interface Product {
  readonly is: 'workstation' | 'fusion'
  /** As VMware writes it, e.g. `17.6.2` or `25H2`; '' where it could not be read. */
  readonly version: string
}

export type LookedFor = Tools | { readonly missing: 'vmrun' | 'vmware-vdiskmanager' }

export async function findTools(context: ProviderContext, call: Call): Promise<LookedFor> {
  const folders = [...foldersOnPath(context), ...(await usualFolders(context, call))]
  const find = (name: string): Promise<string | undefined> => firstIn(folders, name, context.platform)
  const [vmrun, diskManager, vmcli, window] = await Promise.all([
    find('vmrun'),
    find('vmware-vdiskmanager'),
    find('vmcli'),
    context.platform === 'darwin' ? windowOfFusion(context.env) : find('vmware'),
  ])
  if (vmrun === undefined) return { missing: 'vmrun' }
  if (diskManager === undefined) return { missing: 'vmware-vdiskmanager' }
  return { vmrun, diskManager, vmcli, window }
}

function foldersOnPath({ env, platform }: ProviderContext): readonly string[] {
  const path = variableOf(env, 'PATH') ?? ''
  return path.split(pathsOf(platform).delimiter).filter((folder) => pathsOf(platform).isAbsolute(folder))
}

const fusion = '/Applications/VMware Fusion.app'

/** Where VMware's installers put them; on Windows they are not on the PATH. */
async function usualFolders(context: ProviderContext, call: Call): Promise<readonly string[]> {
  if (context.platform === 'darwin') return [`${fusion}/Contents/Public`, `${fusion}/Contents/Library`]
  if (context.platform !== 'win32') return ['/usr/bin', '/usr/local/bin']
  const program = await registryText({ key: appPath }, context.env, call.signal)
  const named = program === undefined ? [] : [pathsOf('win32').dirname(program.replace(/^"(.*)"$/, '$1'))]
  return [...named, ...programFolders(context.env).map((folder) => `${folder}\\VMware\\VMware Workstation`)]
}

const appPath = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\App Paths\\vmware.exe'
const productVersion = {
  key: 'HKLM\\SOFTWARE\\WOW6432Node\\VMware, Inc.\\VMware Workstation',
  name: 'ProductVersion',
}

function programFolders(env: NodeJS.ProcessEnv): readonly string[] {
  return ['ProgramFiles(x86)', 'ProgramFiles'].flatMap((name) => variableOf(env, name) ?? [])
}

async function firstIn(
  folders: readonly string[],
  name: string,
  platform: NodeJS.Platform,
): Promise<string | undefined> {
  const file = platform === 'win32' ? `${name}.exe` : name
  for (const folder of folders) {
    const path = pathsOf(platform).join(folder, file)
    if (await isProgram(path)) return path
  }
  return undefined
}

async function isProgram(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

async function windowOfFusion({ HOME }: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const app of [fusion, `${HOME ?? ''}${fusion}`])
    if (await isProgram(`${app}/Contents/MacOS/VMware Fusion`)) return app
  return undefined
}

// VMware Workstation 17.6.2 build-24409262, VMware Workstation 25H2 build-24995812
const versionLine = /VMware (Workstation|Fusion)\D*? (\d+(?:\.\d+)+|\d{2}H\d(?:u\d+)?)/

/** The product's name and version; read where it is written, else asked of the program that tells it. `etc`: see Places. */
export async function readProduct(
  context: ProviderContext,
  { window }: Tools,
  etc: string,
  call: Call,
): Promise<Product> {
  const { platform, env } = context
  if (platform === 'darwin') return { is: 'fusion', version: await bundleVersion(window) }
  if (platform === 'win32')
    return { is: 'workstation', version: (await registryText(productVersion, env, call.signal)) ?? '' }
  const written = await writtenVersion(etc)
  if (written !== undefined || window === undefined) return { is: 'workstation', version: written ?? '' }
  const { stdout } = await runProgram(window, ['-v'], { env, signal: call.signal, timeoutMs: 30_000 })
  return { is: 'workstation', version: versionLine.exec(stdout)?.[2] ?? '' }
}

const versionKeys = ['workstation.product.version', 'product.version', 'player.product.version']

/** What VMware's installer notes on Linux; packages of distributions write a file of their own there, without it. */
async function writtenVersion(etc: string): Promise<string | undefined> {
  const config = VmxFile.parse(await readFile(`${etc}/config`, 'utf8').catch(() => ''))
  return versionKeys
    .map((key) => config.get(key))
    .find((value) => value !== undefined && numbersOf(value) !== undefined)
}

async function bundleVersion(app: string | undefined): Promise<string> {
  if (app === undefined) return ''
  const text = await readFile(`${app}/Contents/Info.plist`, 'utf8').catch(() => '')
  return /<key>CFBundleShortVersionString<\/key>\s*<string>([^<]*)<\/string>/.exec(text)?.[1] ?? ''
}

/** Of a version: 17 and 6 of `17.6.2`, 25 and 2 of `25H2`; undefined where it is none. */
function numbersOf(version: string): readonly [major: number, minor: number] | undefined {
  const [, major, minor] = /^(\d+)(?:\.|H)(\d+)/.exec(version) ?? []
  return major === undefined ? undefined : [Number(major), Number(minor)]
}

/** The oldest that azl-vm drives: Workstation 17.6, Fusion 13.6. An unknown version is given the benefit of the doubt. */
export function isTooOld({ is, version }: Product): boolean {
  const [major, minor] = numbersOf(version) ?? [Infinity, 0]
  const oldest = is === 'fusion' ? 13 : 17
  return major < oldest || (major === oldest && minor < 6)
}

/** The virtual hardware that the product makes: 21 with 17.6 and 13.6, 22 from 25H2 on; later ones take these too. */
export function hardwareVersion({ version }: Product): number {
  const [major = 0] = numbersOf(version) ?? []
  return major >= 25 ? 22 : 21
}
