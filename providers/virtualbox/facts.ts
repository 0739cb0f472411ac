/** What VirtualBox offers on this computer: read once per run, read-only, serialisable. */
import { isAzlVmError } from '../../src/errors.ts'
import type { Call, Facts, Finding, Making } from '../../src/provider/contract.ts'
import { capabilitiesOf } from './capabilities.ts'
import { linuxFindings } from './host-checks.ts'
import { serialPath } from './names.ts'
import {
  askHost,
  knownOsTypes,
  numbersOf,
  readOsTypes,
  readVersion,
  releaseOf,
  type HostAnswer,
  type OsTypes,
} from './questions.ts'
import type { Session } from './session.ts'
import { windowsFindings } from './windows-checks.ts'

/** What the plan reads beside the neutral facts. */
export interface VirtualBoxNative extends HostAnswer {
  /** 7.0 is 700, 7.1 is 701. */
  readonly release: number
  readonly platform: NodeJS.Platform
  readonly osTypes: OsTypes
  /** Where the serial port of the machine {@link idPlace} would be served. */
  readonly serialPath: string
}

export function nativeOf(facts: Facts): VirtualBoxNative {
  return facts.native as unknown as VirtualBoxNative
}

/** Stands in {@link VirtualBoxNative.serialPath} where a machine's id will be. */
export const idPlace = '00000000-0000-0000-0000-000000000000'

const oldestRelease = 700

/** `making`: guest types are read where a machine is to be made only. */
export async function readFacts(session: Session, call: Call, making?: Making): Promise<Facts> {
  try {
    return await readReadyHost(session, call, making !== undefined)
  } catch (error) {
    return { ...base(assumedNative(session), [whyNotReady(error)]), isReady: false }
  }
}

/** Side by side: VirtualBox is asked one question, and the program its version. */
async function readReadyHost(session: Session, call: Call, isMaking: boolean): Promise<Facts> {
  const reading = readVersion(session, call)
  const asked = Promise.all([
    askHost(session, call),
    reading.then((version) => (isMaking ? readOsTypes(session, releaseOf(version), call) : knownOsTypes)),
    reading.then((version) => computerFindings(session, version, call)),
  ])
  // How one that is too old answers is no matter.
  asked.catch(() => undefined)
  const version = await reading
  const release = releaseOf(version)
  const versions = { virtualbox: version }
  const assumed = assumedNative(session)
  if (release < oldestRelease) return { ...base(assumed, [tooOld(version)]), isReady: false, versions }
  const [answer, osTypes, found] = await asked
  const native: VirtualBoxNative = { ...assumed, ...answer, release, osTypes }
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
    osTypes: knownOsTypes,
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
