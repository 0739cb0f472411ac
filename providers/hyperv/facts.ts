/** What one Hyper-V host offers: read once per run, read-only, serialisable. */
import * as z from 'zod'
import { errorText, isAzlVmError } from '../../src/errors.ts'
import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding, Making } from '../../src/provider/contract.ts'
import { folderFindings, readFolder, type LookedAt } from './folder-checks.ts'
import {
  answers,
  hostFindings,
  identityFindings,
  readHostChecks,
  readinessFindings,
  whyNoWorker,
  type HostChecks,
} from './host-checks.ts'
import { whyNotReadable } from './host-media.ts'
import { storageRoot } from './names.ts'
import { noNetworks, readNetworks, type NetworkFacts } from './network-facts.ts'
import { networkFindings } from './network-findings.ts'
import type { Hello } from './protocol.ts'
import type { Session } from './session.ts'
import { VerbError } from './worker.ts'

const hostSchema = z.object({
  name: z.string(),
  hypervisorPresent: z.boolean(),
  memoryBytes: z.number(),
  logicalProcessors: z.number(),
  /** Where Hyper-V keeps machines for which nobody names a folder. */
  machinePath: z.string(),
  secureBootTemplates: z.array(z.string()),
})

/** What the plan reads beside the neutral facts. */
export interface HyperVNative extends z.output<typeof hostSchema> {
  readonly separator: Hello['separator']
  /** Of Windows. */
  readonly build: number
  readonly hostArchitecture: Architecture
  /** The user's folder on the host. */
  readonly home: string
  readonly isRemote: boolean
  /** The spec's medium, where it lies on this computer and Hyper-V cannot be given it there. */
  readonly unreadable: { readonly path: string; readonly why: string } | undefined
  readonly networks: NetworkFacts
  /** Where machines are to be, as the host shows it; undefined where it could not be asked. */
  readonly folder: LookedAt | undefined
}

export function nativeOf(facts: Facts): HyperVNative {
  return facts.native as unknown as HyperVNative
}

/** Windows' word for a processor architecture as ours. */
export function architectureOf({ architecture }: Pick<Hello, 'architecture'>): Architecture {
  return architecture === 'Arm64' ? 'aarch64' : 'x86_64'
}

/** An unready host is a finding, from the ground up: where PowerShell, Windows or Hyper-V say no, no more is asked. */
export async function readFacts(session: Session, making: Making | undefined, call: Call): Promise<Facts> {
  let hello: Hello
  try {
    hello = await session.identity(call)
  } catch (error) {
    return { ...base(session, assumedNative(session), [whyNoWorker(error)]), isReady: false }
  }
  const versions = { windows: `${hello.edition} ${String(hello.build)}`.trim(), powershell: hello.psVersion }
  const ready = making && (await readForMaking(session, hello, making, call))
  return { ...(ready ?? (await examine(session, hello, making, call))), versions }
}

/**
 * Undefined where something says no: why, the whole examination tells. A host whose Hyper-V answers has its module and
 * its service; what it answers is of use only where the hypervisor runs too and the account has its rights.
 */
async function readForMaking(session: Session, hello: Hello, making: Making, call: Call): Promise<Facts | undefined> {
  if (identityFindings(hello).length > 0) return undefined
  try {
    const native = await readNative(session, hello, making, call)
    return native.hypervisorPresent ? base(session, native, [answers]) : undefined
  } catch (error) {
    if (isAzlVmError(error) && error.cause instanceof VerbError) return undefined
    return { ...base(session, assumedNative(session), [whyNotReady(error)]), isReady: false }
  }
}

async function examine(session: Session, hello: Hello, making: Making | undefined, call: Call): Promise<Facts> {
  let checks: HostChecks
  try {
    checks = await readHostChecks(session, call)
  } catch (error) {
    return { ...base(session, assumedNative(session), [whyNoWorker(error)]), isReady: false }
  }
  const readiness = readinessFindings(hello, checks)
  if (hasError(readiness)) return { ...base(session, assumedNative(session), readiness), isReady: false }
  try {
    const native = await readNative(session, hello, making, call)
    const findings = [
      ...readiness,
      ...hostFindings(hello, checks),
      // That of a spec is told at the spec's key.
      ...(native.folder && making === undefined ? folderFindings(native.folder) : []),
      ...networkFindings(native.networks, checks),
    ]
    return { ...base(session, native, findings), isReady: !hasError(findings) }
  } catch (error) {
    return { ...base(session, assumedNative(session), [...readiness, whyNotReady(error)]), isReady: false }
  }
}

async function readNative(
  session: Session,
  hello: Hello,
  making: Making | undefined,
  call: Call,
): Promise<HyperVNative> {
  const asked = { action: 'read what the host offers', schema: hostSchema }
  const host = await session.run('get-host', {}, asked, call)
  const networks = await readNetworks(session, call)
  const folder = await readFolder(session, storageRoot(host, making?.storagePath), call)
  return {
    ...host,
    separator: hello.separator,
    build: hello.build,
    hostArchitecture: architectureOf(hello),
    home: hello.home,
    isRemote: session.choice.via !== undefined,
    unreadable: await unreadableMedium(session, making?.mediumPath, call),
    networks,
    folder,
  }
}

/** A file that is not there, or cannot be looked at, is told by whoever reads the medium. */
async function unreadableMedium(
  session: Session,
  path: string | undefined,
  call: Call,
): Promise<HyperVNative['unreadable']> {
  if (path === undefined || session.choice.via !== undefined) return undefined
  try {
    const why = await whyNotReadable(session, path, call)
    return why === undefined ? undefined : { path, why }
  } catch (error) {
    if (isAzlVmError(error) && error.cause instanceof VerbError) return undefined
    throw error
  }
}

function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'error')
}

/**
 * Facts for a plan without a host: what Windows 11 Pro with Hyper-V offers on a computer of this one's architecture.
 * Marked as assumed.
 */
export function assumedFacts(session: Session, findings: readonly Finding[]): Facts {
  return { ...base(session, assumedNative(session), findings), isReady: true, isAssumed: true }
}

function base(session: Session, native: HyperVNative, findings: readonly Finding[]): Facts {
  return {
    provider: 'hyperv',
    host: session.choice.host,
    isReady: true,
    isAssumed: false,
    versions: {},
    capabilities: capabilitiesOf(native),
    findings,
    native: { ...native },
  }
}

function assumedNative({ choice: { via } }: Session): HyperVNative {
  return {
    name: '',
    hypervisorPresent: true,
    memoryBytes: 0,
    logicalProcessors: 0,
    machinePath: 'C:\\ProgramData\\Microsoft\\Windows\\Hyper-V',
    secureBootTemplates: ['MicrosoftWindows', 'MicrosoftUEFICertificateAuthority', 'OpenSourceShieldedVM'],
    networks: noNetworks,
    folder: undefined,
    separator: '\\',
    build: 26100,
    hostArchitecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    home: `C:\\Users\\${via?.user?.split('\\').at(-1) ?? 'Administrator'}`,
    isRemote: via !== undefined,
    unreadable: undefined,
  }
}

function whyNotReady(error: unknown): Finding {
  if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
  const cause = error.cause === undefined ? '' : `: ${errorText(error.cause)}`
  return {
    level: 'error',
    code: error.code === 'permission-denied' ? 'hyperv-no-rights' : 'hyperv-not-answering',
    message: `${error.message}${cause}`,
    fix: error.hint ?? 'Install Hyper-V on Windows 11 Pro or Windows Server, and see that its service vmms runs.',
    error: error.code,
  }
}

function capabilitiesOf({ hostArchitecture, secureBootTemplates }: HyperVNative): Capabilities {
  return {
    architectures: [hostArchitecture],
    guests: {},
    secureBoot: secureBootTemplates.length > 0,
    tpm: true,
    // Hyper-V on ARM nests no hypervisor.
    nestedVirtualization: hostArchitecture === 'x86_64',
    systemPort: false,
    networkModes: ['nat', 'bridged', 'host-only', 'isolated'],
    forward: false,
    console: {
      ports: ['system', 'firmware'],
      firmwareSpeaks: false,
      firstByte: true,
      reattach: true,
      drainsUnattended: true,
    },
    screenshot: true,
    hostEvents: true,
    viewer: true,
    snapshots: { off: true, memory: true, tpm: true },
    linkedClones: true,
    exportFormats: ['vhdx', 'vhd', 'vhd-fixed'],
    remote: true,
  }
}
