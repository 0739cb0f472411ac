/** What one Hyper-V host offers: read once per run, read-only, serialisable. */
import * as z from 'zod'
import { errorText, isAzlVmError } from '../../src/errors.ts'
import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding } from '../../src/provider/contract.ts'
import type { Hello } from './protocol.ts'
import type { Session } from './session.ts'

const hostSchema = z.object({
  name: z.string(),
  hypervisorPresent: z.boolean(),
  isServer: z.boolean(),
  freeMemoryBytes: z.number(),
  memoryBytes: z.number(),
  logicalProcessors: z.number(),
  /** Where Hyper-V keeps machines for which nobody names a folder. */
  machinePath: z.string(),
  secureBootTemplates: z.array(z.string()),
  switches: z.array(z.object({ id: z.string(), name: z.string(), type: z.string(), notes: z.string() })),
})

/** What the plan reads beside the neutral facts. */
export interface HyperVNative extends z.output<typeof hostSchema> {
  readonly separator: Hello['separator']
  /** Of Windows. */
  readonly build: number
  readonly hostArchitecture: Architecture
}

export function nativeOf(facts: Facts): HyperVNative {
  return facts.native as unknown as HyperVNative
}

/** Windows' word for a processor architecture as ours. */
export function architectureOf({ architecture }: Pick<Hello, 'architecture'>): Architecture {
  return architecture === 'Arm64' ? 'aarch64' : 'x86_64'
}

/** An unready host is a finding. */
export async function readFacts(session: Session, call: Call): Promise<Facts> {
  try {
    const hello = await session.hello(call)
    const asked = { action: 'read what the host offers', schema: hostSchema }
    const host = await session.run('get-host', {}, asked, call)
    const native = {
      ...host,
      separator: hello.separator,
      build: hello.build,
      hostArchitecture: architectureOf(hello),
    }
    const findings = findingsOf(native, hello)
    return {
      ...base(session, native, findings),
      isReady: !findings.some(({ level }) => level === 'error'),
      versions: { windows: `${hello.edition} ${String(hello.build)}`.trim(), powershell: hello.psVersion },
    }
  } catch (error) {
    return { ...base(session, assumedNative(), [whyNotReady(error)]), isReady: false }
  }
}

/**
 * Facts for a plan without a host: what Windows 11 Pro with Hyper-V offers on a computer of this one's architecture.
 * Marked as assumed.
 */
export function assumedFacts(session: Session, findings: readonly Finding[]): Facts {
  return { ...base(session, assumedNative(), findings), isReady: true, isAssumed: true }
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

function assumedNative(): HyperVNative {
  return {
    name: '',
    hypervisorPresent: true,
    isServer: false,
    freeMemoryBytes: 0,
    memoryBytes: 0,
    logicalProcessors: 0,
    machinePath: 'C:\\ProgramData\\Microsoft\\Windows\\Hyper-V',
    secureBootTemplates: ['MicrosoftWindows', 'MicrosoftUEFICertificateAuthority', 'OpenSourceShieldedVM'],
    switches: [],
    separator: '\\',
    build: 26100,
    hostArchitecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
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

function findingsOf(native: HyperVNative, hello: Hello): readonly Finding[] {
  if (!native.hypervisorPresent)
    return [
      {
        level: 'error',
        code: 'hypervisor-off',
        error: 'host-not-ready',
        message: 'Hyper-V is installed, and its hypervisor does not run: no machine can be started',
        fix: 'In an elevated prompt `bcdedit /set hypervisorlaunchtype auto`, switch virtualization on in the computer’s firmware, and restart Windows.',
      },
    ]
  const message = `Hyper-V answers on ${native.name} (Windows ${String(hello.build)}, PowerShell ${hello.psVersion})`
  return [{ level: 'ok', code: 'hyperv-answers', message }]
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
    networkModes: ['nat', 'isolated'],
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
    remote: true,
  }
}
