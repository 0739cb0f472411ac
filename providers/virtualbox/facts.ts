/** What VirtualBox offers on this computer: read once per run, read-only, serialisable. */
import { AzlVmError, isAzlVmError } from '../../src/errors.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding, Making } from '../../src/provider/contract.ts'
import { capabilitiesOf } from './capabilities.ts'
import { linuxFindings } from './host-checks.ts'
import { serialPath } from './names.ts'
import type { MachineParameters } from './parameters.ts'
import type { Session } from './session.ts'
import { windowsFindings } from './windows-checks.ts'

/** What the plan reads beside the neutral facts. */
export interface VirtualBoxNative {
  /** 7.0 is 700, 7.1 is 701. */
  readonly release: number
  readonly platform: NodeJS.Platform
  /** Where VirtualBox keeps machines for which nobody names a folder. */
  readonly machineFolder: string
  readonly osTypes: Readonly<Record<Architecture, string>>
  /** Where the serial port of the machine {@link idPlace} would be served. */
  readonly serialPath: string
  readonly bridges: readonly string[]
  readonly hostOnly: readonly string[]
  /** Undefined where VirtualBox did not say. */
  readonly limits: GuestLimits | undefined
}

/** The most that VirtualBox gives a guest. */
export interface GuestLimits {
  readonly memoryMiB: number
  readonly cpus: number
}

export function nativeOf(facts: Facts): VirtualBoxNative {
  return facts.native as unknown as VirtualBoxNative
}

/** Stands in {@link VirtualBoxNative.serialPath} where a machine's id will be. */
export const idPlace = '00000000-0000-0000-0000-000000000000'

const oldestRelease = 700

/** Guest types are asked for where a machine is to be made only: that is VBoxManage's slowest answer. */
export async function readFacts(session: Session, call: Call, making?: Making): Promise<Facts> {
  try {
    return await readReadyHost(session, call, making !== undefined)
  } catch (error) {
    return { ...base(assumedNative(session), [whyNotReady(error)]), isReady: false }
  }
}

async function readReadyHost(session: Session, call: Call, isMaking: boolean): Promise<Facts> {
  const version = await readVersion(session, call)
  const release = releaseOf(version)
  const versions = { virtualbox: version }
  if (release < oldestRelease) {
    const old = { ...base(assumedNative(session), [tooOld(version)]), isReady: false }
    return { ...old, versions }
  }
  const assumed = assumedNative(session)
  const [properties, osTypes, bridges, hostOnly, found] = await Promise.all([
    readProperties(session, call),
    isMaking ? readOsTypes(session, version, call) : assumed.osTypes,
    readInterfaces(session, 'bridgedifs', call),
    readInterfaces(session, session.context.platform === 'darwin' ? 'hostonlynets' : 'hostonlyifs', call),
    computerFindings(session, version, call),
  ])
  const native: VirtualBoxNative = {
    ...assumed,
    ...{ release, osTypes, ...properties },
    bridges: bridges.filter(({ hasAddress }) => hasAddress).map(({ name }) => name),
    hostOnly: hostOnly.map(({ name }) => name),
  }
  const findings = [ready(version), ...found, ...networkFindings(native)]
  const isReady = !findings.some(({ level }) => level === 'error')
  return { ...base(native, findings), isReady, versions }
}

async function computerFindings(
  { context: { platform, env }, places }: Session,
  version: string,
  { signal }: Call,
): Promise<readonly Finding[]> {
  if (platform === 'linux') return await linuxFindings(places, numbersOf(version))
  return platform === 'win32' ? await windowsFindings(env, signal) : []
}

function ready(version: string): Finding {
  return { level: 'ok', code: 'virtualbox', message: `VirtualBox ${version}` }
}

function tooOld(version: string): Finding {
  return {
    level: 'error',
    code: 'virtualbox-too-old',
    message: `VirtualBox ${version} is older than 7.0, which has a TPM and Secure Boot for guests`,
    fix: 'Install VirtualBox 7.0 or later from https://www.virtualbox.org/wiki/Downloads.',
    error: 'tool-too-old',
  }
}

function networkFindings({ hostOnly, platform }: VirtualBoxNative): readonly Finding[] {
  if (hostOnly.length > 0) return []
  return [
    {
      level: 'info',
      code: 'no-host-only-network',
      message: 'There is no host-only network: machines with a network card of mode host-only cannot be made.',
      fix: makeHostOnly(platform),
    },
  ]
}

/** What a person types to have one: other programs meet it too. */
export function makeHostOnly(platform: NodeJS.Platform): string {
  return platform === 'darwin'
    ? 'VBoxManage hostonlynet add --name azl-vm --netmask 255.255.255.0 --lower-ip 192.168.56.2 --upper-ip 192.168.56.254 --enable'
    : 'VBoxManage hostonlyif create'
}

const versionPattern = /^(\d+)\.(\d+)\.(\d+)\S*$/m // 7.2.22_Debianr175245; the wrapper of some packages warns before

async function readVersion(session: Session, call: Call): Promise<string> {
  const text = await session.manage(['--version'], { action: 'ask VBoxManage for its version' }, call)
  const found = versionPattern.exec(text)?.[0]
  if (found !== undefined) return found
  throw new AzlVmError('bad-reply', `VBoxManage said no version: ${text.trim().slice(0, 200)}`)
}

/** `7.2.22_Debianr175245` as 7, 2, 22. */
function numbersOf(version: string): readonly number[] {
  return (versionPattern.exec(version) ?? []).slice(1).map(Number)
}

function releaseOf(version: string): number {
  const [major = 0, minor = 0] = numbersOf(version)
  return major * 100 + minor
}

const folderPattern = /^[^:\n]+: +((?:\/|[A-Za-z]:\\|\\\\).*?)\r?$/m // Default machine folder:          /home/me/VirtualBox VMs

/** The first of VirtualBox's properties that is a path (VBoxManageList.cpp); the words before it are translated. */
export async function machineFolderOf(session: Session, call: Call): Promise<string> {
  return (await readProperties(session, call)).machineFolder
}

async function readProperties(
  session: Session,
  call: Call,
): Promise<Pick<VirtualBoxNative, 'machineFolder' | 'limits'>> {
  const action = 'ask where VirtualBox keeps machines'
  const text = await session.manage(['list', 'systemproperties'], { action }, call)
  const machineFolder = folderPattern.exec(text)?.[1]
  if (machineFolder !== undefined) return { machineFolder, limits: limitsIn(text) }
  throw new AzlVmError('bad-reply', 'VBoxManage did not say where VirtualBox keeps machines')
}

/**
 * By their places, because the words are translated; where they lie elsewhere no limit is known. Seen with 7.2.22: after
 * the API's version the least and the most memory, three of the screen's, the least and the most processors.
 */
const limitsPattern =
  /: +\d+_\d+\n[^:\n]+: +\d+[^\n]*\n[^:\n]+: +(\d+) [^\n]*\n(?:[^:\n]+: +\d+[^\n]*\n){4}[^:\n]+: +(\d+)\n/ // API version: 7_2\nMinimum guest RAM size: 4 Megabytes\nMaximum guest RAM size: 2097152 Megabytes\n…\nMaximum guest CPU count: 64

export function limitsIn(text: string): GuestLimits | undefined {
  const [, memoryMiB, cpus] = limitsPattern.exec(text.replaceAll('\r', '')) ?? []
  return memoryMiB === undefined ? undefined : { memoryMiB: Number(memoryMiB), cpus: Number(cpus) }
}

/** VirtualBox knows no Azure Linux; of what it knows the nearest comes first: Azure Linux 4 is made of Fedora. */
const preferredTypes: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: ['Fedora_64', 'RedHat_64', 'Linux26_64', 'Linux_64'],
  aarch64: ['Fedora_arm64', 'RedHat9_arm64', 'Linux_arm64'],
}

const typePattern = /^[^:\n]+: +(\w+) -- /gm // ID / Description: Fedora_64 -- Fedora (64-bit)

/** The list takes VBoxManage 0.7 s, and one version's is always the same; an answer in which nothing was found is none. */
async function readOsTypes(
  session: Session,
  version: string,
  call: Call,
): Promise<Readonly<Record<Architecture, string>>> {
  const { hostFacts } = session.context
  const key = `guest types of ${version}`
  const kept = await hostFacts.get(key)
  const known = Array.isArray(kept) && kept.length > 0 ? kept.map(String) : await listTypes()
  return { x86_64: typeFor('x86_64', known), aarch64: typeFor('aarch64', known) }

  async function listTypes(): Promise<readonly string[]> {
    const text = await session.manage(['list', 'ostypes'], { action: 'list the guest types' }, call)
    const wanted = Object.values(preferredTypes).flat()
    const found = [...text.matchAll(typePattern)].map(([, id = '']) => id).filter((id) => wanted.includes(id))
    if (found.length > 0) await hostFacts.set(key, found)
    return found
  }
}

/** From 7.1 on VirtualBox wants to be told for which platform a machine is. */
export function isPlatformNamed({ release }: Pick<VirtualBoxNative, 'release'>): boolean {
  return release >= 701
}

/** What a machine is made with that no other machine's settings tell. */
export async function readMaking(
  session: Session,
  architecture: Architecture,
  call: Call,
): Promise<Pick<MachineParameters, 'isPlatformNamed' | 'osType'>> {
  const version = await readVersion(session, call)
  const osTypes = await readOsTypes(session, version, call)
  return { isPlatformNamed: isPlatformNamed({ release: releaseOf(version) }), osType: osTypes[architecture] }
}

function typeFor(architecture: Architecture, known: readonly string[]): string {
  const types = preferredTypes[architecture]
  return types.find((id) => known.includes(id)) ?? types[0] ?? ''
}

interface Interface {
  readonly name: string
  readonly hasAddress: boolean
}

/** A paragraph for each: its name first; an address of 0.0.0.0 is none. Where this version has no such list: nothing. */
async function readInterfaces(session: Session, list: string, call: Call): Promise<readonly Interface[]> {
  const { exitCode, stdout } = await session.attempt(['list', list], { action: 'list network interfaces' }, call)
  if (exitCode !== 0) return []
  return stdout
    .split(/\r?\n\r?\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => ({
      name: /^[^:\n]+: +(.*?)\r?$/m.exec(paragraph)?.[1] ?? '',
      hasAddress: /: +(?!0\.0\.0\.0\b)\d+\.\d+\.\d+\.\d+\r?$/m.test(paragraph),
    }))
}

/** Facts for a plan without VirtualBox. Marked as assumed. */
export function assumedFacts(session: Session, findings: readonly Finding[]): Facts {
  return { ...base(assumedNative(session), findings), isReady: true, isAssumed: true }
}

function base(native: VirtualBoxNative, findings: readonly Finding[]): Facts {
  return {
    provider: 'virtualbox',
    host: 'local',
    isReady: true,
    isAssumed: false,
    versions: {},
    capabilities: capabilitiesOf(process.arch === 'arm64' ? 'aarch64' : 'x86_64', native.hostOnly.length > 0),
    findings,
    native: { ...native },
  }
}

function assumedNative({ context }: Session): VirtualBoxNative {
  const { platform, env } = context
  const home =
    (platform === 'win32' ? env['USERPROFILE'] : env['HOME']) ?? (platform === 'win32' ? 'C:\\Users\\me' : '~')
  return {
    release: 702,
    platform,
    machineFolder: `${home}${platform === 'win32' ? '\\' : '/'}VirtualBox VMs`,
    osTypes: { x86_64: typeFor('x86_64', []), aarch64: typeFor('aarch64', []) },
    serialPath: serialPath(context, idPlace),
    bridges: [],
    hostOnly: [],
    limits: undefined,
  }
}

function whyNotReady(error: unknown): Finding {
  if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
  const code = error.code === 'tool-missing' ? 'virtualbox-not-installed' : 'virtualbox-not-answering'
  const fix = error.hint ?? 'See what `VBoxManage list systemproperties` says.'
  return { level: 'error', code, message: error.message, fix, error: error.code }
}
