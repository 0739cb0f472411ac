/** What VirtualBox is asked about itself and its host: as few processes as it allows. */
import { AzlVmError } from '../../src/errors.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { Call } from '../../src/provider/contract.ts'
import { failureOf } from './errors.ts'
import type { MachineParameters } from './parameters.ts'
import type { Session } from './session.ts'

/** The most that VirtualBox gives a guest. */
interface GuestLimits {
  readonly memoryMiB: number
  readonly cpus: number
}

/** What {@link askHost} finds out. */
export interface HostAnswer {
  /** Where VirtualBox keeps machines for which nobody names a folder. */
  readonly machineFolder: string
  /** Undefined where VirtualBox did not say. */
  readonly limits: GuestLimits | undefined
  /** Network interfaces with an address, by name. */
  readonly bridges: readonly string[]
  readonly hostOnly: readonly string[]
}

const versionPattern = /^(\d+)\.(\d+)\.(\d+)\S*$/m // 7.2.22_Debianr175245; the wrapper of some packages warns before

/** It stands in VBoxManage itself, which then neither asks VirtualBox nor does anything else that it is told. */
export async function readVersion(session: Session, call: Call): Promise<string> {
  const text = await session.manage(['--version'], { action: 'ask VBoxManage for its version' }, call)
  const found = versionPattern.exec(text)?.[0]
  if (found !== undefined) return found
  throw new AzlVmError('bad-reply', `VBoxManage said no version: ${text.trim().slice(0, 200)}`)
}

/** `7.2.22_Debianr175245` as 7, 2, 22. */
export function numbersOf(version: string): readonly number[] {
  return (versionPattern.exec(version) ?? []).slice(1).map(Number)
}

/** 7.0 is 700, 7.1 is 701. */
export function releaseOf(version: string): number {
  const [major = 0, minor = 0] = numbersOf(version)
  return major * 100 + minor
}

/**
 * All of the host in one question. No manual has `--multiple`; VBoxManageList.cpp of 7.0.14 and of 7.1.0 has it with these
 * headings, and 7.2.22 answers so. A list that fails, or that this VirtualBox has not, which ends the answer, is an empty
 * one; the first is needed.
 */
export async function askHost(session: Session, call: Call): Promise<HostAnswer> {
  const hostOnlyList = session.context.platform === 'darwin' ? 'hostonlynets' : 'hostonlyifs'
  const args = ['list', '--multiple', 'systemproperties', 'bridgedifs', hostOnlyList]
  const action = 'ask where VirtualBox keeps machines, and for network interfaces'
  const { stdout } = await session.unlessPassing(call, async () => {
    const asked = await session.attempt(args, { action }, call)
    if (asked.exitCode === 0 || folderPattern.test(asked.stdout)) return asked
    throw failureOf(asked, action)
  })
  const answers = answersIn(stdout)
  const interfaces = (list: string): readonly Interface[] => interfacesIn(answers.get(list) ?? '')
  return {
    ...propertiesIn(answers.get('systemproperties') ?? ''),
    bridges: interfaces('bridgedifs')
      .filter(({ hasAddress }) => hasAddress)
      .map(({ name }) => name),
    hostOnly: interfaces(hostOnlyList).map(({ name }) => name),
  }
}

const headingPattern = /^\[(\w+)\]\r?\n/m // [bridgedifs]

function answersIn(text: string): ReadonlyMap<string, string> {
  const [, ...parts] = text.split(headingPattern)
  return new Map(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? ''] as const] : [])))
}

/** Where VirtualBox keeps machines, for who needs nothing else. */
export async function machineFolderOf(session: Session, call: Call): Promise<string> {
  const action = 'ask where VirtualBox keeps machines'
  return propertiesIn(await session.manage(['list', 'systemproperties'], { action }, call)).machineFolder
}

/** The first of VirtualBox's properties that is a path (VBoxManageList.cpp); the words before it are translated. */
const folderPattern = /^[^:\n]+: +((?:\/|[A-Za-z]:\\|\\\\).*?)\r?$/m // Default machine folder:          /home/me/VirtualBox VMs

function propertiesIn(text: string): Pick<HostAnswer, 'machineFolder' | 'limits'> {
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

function limitsIn(text: string): GuestLimits | undefined {
  const [, memoryMiB, cpus] = limitsPattern.exec(text.replaceAll('\r', '')) ?? []
  return memoryMiB === undefined ? undefined : { memoryMiB: Number(memoryMiB), cpus: Number(cpus) }
}

interface Interface {
  readonly name: string
  readonly hasAddress: boolean
}

/** A paragraph for each: its name first; an address of 0.0.0.0 is none. */
function interfacesIn(text: string): readonly Interface[] {
  return text
    .split(/\r?\n\r?\n/)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => ({
      name: /^[^:\n]+: +(.*?)\r?$/m.exec(paragraph)?.[1] ?? '',
      hasAddress: /: +(?!0\.0\.0\.0\b)\d+\.\d+\.\d+\.\d+\r?$/m.test(paragraph),
    }))
}

/** By architecture, what VirtualBox takes the guest for. */
export type OsTypes = Readonly<Record<Architecture, string>>

/** VirtualBox knows no Azure Linux; of what it knows the nearest comes first: Azure Linux 4 is made of Fedora. */
const preferredTypes: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: ['Fedora_64', 'RedHat_64', 'Linux26_64', 'Linux_64'],
  aarch64: ['Fedora_arm64', 'RedHat9_arm64', 'Linux_arm64'],
}

/**
 * Up to this release it is known what the list of guest types has, which takes VBoxManage three times as long as all else:
 * the first of ours, of each architecture that the release has (Global.cpp of 7.0.14 and 7.1.6; 7.2.22 lists them).
 */
const lastKnownRelease = 702

const typePattern = /^[^:\n]+: +(\w+) -- /gm // ID / Description: Fedora_64 -- Fedora (64-bit)

/** The guest types of a machine that is to be made; a newer VirtualBox is asked for them, each time. */
export async function readOsTypes(session: Session, release: number, call: Call): Promise<OsTypes> {
  if (release <= lastKnownRelease) return knownOsTypes
  const text = await session.manage(['list', 'ostypes'], { action: 'list the guest types' }, call)
  return typesAmong([...text.matchAll(typePattern)].map(([, id = '']) => id))
}

function typesAmong(listed: readonly string[]): OsTypes {
  const nearest = (types: readonly string[]): string => types.find((id) => listed.includes(id)) ?? types[0] ?? ''
  return { x86_64: nearest(preferredTypes.x86_64), aarch64: nearest(preferredTypes.aarch64) }
}

/** Those of a release up to {@link lastKnownRelease}. */
export const knownOsTypes: OsTypes = typesAmong([])

/** From 7.1 on VirtualBox wants to be told for which platform a machine is. */
export function isPlatformNamed(release: number): boolean {
  return release >= 701
}

/** What a machine is made with that no other machine's settings tell. */
export async function readMaking(
  session: Session,
  architecture: Architecture,
  call: Call,
): Promise<Pick<MachineParameters, 'isPlatformNamed' | 'osType'>> {
  const release = releaseOf(await readVersion(session, call))
  const osTypes = await readOsTypes(session, release, call)
  return { isPlatformNamed: isPlatformNamed(release), osType: osTypes[architecture] }
}
