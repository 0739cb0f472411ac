/** What this computer itself tells about why Hyper-V works or does not, each with its fix; changes nothing. */
import * as z from 'zod'
import type { AzlVmError } from '../../src/errors.ts'
import { isAzlVmError } from '../../src/errors.ts'
import { roughBytes } from '../../src/format-bytes.ts'
import type { Call, Finding } from '../../src/provider/contract.ts'
import { installHyperV } from './host-fixes.ts'
import type { Hello } from './protocol.ts'
import type { Session } from './session.ts'

const checksSchema = z.object({
  isServer: z.boolean(),
  /** Hyper-V's module for PowerShell. */
  hasModule: z.boolean(),
  /** Win32_OptionalFeature.InstallState: 1 enabled, 2 disabled, 3 absent; 0 where Windows does not say. */
  featureState: z.number(),
  hypervisorPresent: z.boolean(),
  /** In the computer's firmware. */
  isVirtualizationOff: z.boolean(),
  services: z.array(z.object({ name: z.string(), state: z.string(), startMode: z.string() })),
  memoryBytes: z.number(),
  isVbsRunning: z.boolean(),
  executionPolicies: z.array(z.object({ scope: z.string(), policy: z.string() })),
  /** Policies of Windows as the registry has them, '' where they are not set. */
  sharingPolicy: z.string(),
  bridgePolicy: z.string(),
  firewallPolicy: z.string(),
})

export type HostChecks = z.output<typeof checksSchema>

export async function readHostChecks(session: Session, call: Call): Promise<HostChecks> {
  const asked = { action: 'look at the host', schema: checksSchema, isWithoutRights: true }
  return await session.run('get-host-checks', {}, asked, call)
}

/** Why there is no worker to ask at all, as a finding; throws what is no such thing. */
export function whyNoWorker(error: unknown): Finding {
  if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
  return {
    level: 'error',
    code: noWorkerCodes[error.code] ?? 'powershell-failed',
    message: [error.message, ...error.evidence].join('\n'),
    ...(error.hint === undefined ? {} : { fix: error.hint }),
    error: error.code,
  }
}

const noWorkerCodes: Partial<Record<AzlVmError['code'], string>> = {
  'tool-missing': 'powershell-missing',
  'host-not-ready': 'powershell-restricted',
  'permission-denied': 'powershell-forbidden',
}

/** Whether machines can be made at all, from the ground up: where one says no, what stands on it is not looked at. */
export function readinessFindings({ edition, rights }: Hello, checks: HostChecks): readonly Finding[] {
  const stop =
    editionFinding(edition) ??
    moduleFinding(checks) ??
    hypervisorFinding(checks) ??
    serviceFinding(checks) ??
    rightsFinding(rights)
  return stop ? [stop] : [answers]
}

export const answers: Finding = { level: 'ok', code: 'hyper-v-answers', message: 'Hyper-V is on, its service runs' }

/** What the worker's first line alone says against the host. */
export function identityFindings({ edition, rights }: Hello): readonly Finding[] {
  return [editionFinding(edition), rightsFinding(rights)].filter((finding) => finding !== undefined)
}

/** Home editions have the hypervisor for WSL, and no Hyper-V. Source: Microsoft’s list of EditionID values. */
function editionFinding(edition: string): Finding | undefined {
  if (!/^Core(?!.*Server)/i.test(edition)) return undefined
  return {
    level: 'error',
    code: 'edition-without-hyper-v',
    message: `this Windows is a Home edition (${edition}), which has no Hyper-V`,
    fix: 'Upgrade to Windows Pro, or use another hypervisor.',
    error: 'not-supported',
  }
}

function moduleFinding({ hasModule, featureState, isServer }: HostChecks): Finding | undefined {
  if (hasModule) return undefined
  const isFeatureOn = featureState === 1
  return {
    level: 'error',
    code: isFeatureOn ? 'hyper-v-module-missing' : 'hyper-v-not-installed',
    message: isFeatureOn
      ? 'Hyper-V is on, and its module for PowerShell is not installed'
      : 'Hyper-V is not installed on this Windows',
    fix: installHyperV(isServer),
    error: 'tool-missing',
  }
}

function hypervisorFinding({ hypervisorPresent, isVirtualizationOff }: HostChecks): Finding | undefined {
  if (hypervisorPresent) return undefined
  return isVirtualizationOff
    ? {
        level: 'error',
        code: 'virtualization-off',
        message: 'virtualization is switched off in this computer’s firmware, so that no hypervisor runs',
        fix: 'Switch it on there (Intel VT-x, AMD-V or SVM), and start the computer anew.',
        error: 'host-not-ready',
      }
    : {
        level: 'error',
        code: 'hypervisor-off',
        message: 'Hyper-V is installed, and its hypervisor did not start with Windows',
        fix: 'In an elevated prompt: `bcdedit /set hypervisorlaunchtype auto`, then restart Windows.',
        error: 'host-not-ready',
      }
}

function serviceFinding({ services }: HostChecks): Finding | undefined {
  const vmms = services.find(({ name }) => name === 'vmms')
  if (vmms?.state === 'Running') return undefined
  const isDisabled = vmms?.startMode === 'Disabled'
  return {
    level: 'error',
    code: 'vmms-not-running',
    message:
      vmms === undefined
        ? 'Hyper-V’s service vmms is not there'
        : `Hyper-V’s service vmms does not run (${vmms.state}${isDisabled ? ', and is disabled' : ''})`,
    fix: `In an elevated PowerShell: \`${isDisabled ? 'Set-Service vmms -StartupType Automatic; ' : ''}Start-Service vmms\`.`,
    error: 'host-not-ready',
  }
}

/** Without them Hyper-V’s lists are empty and say nothing. */
function rightsFinding({ administrator, hyperVAdministrators }: Hello['rights']): Finding | undefined {
  if (administrator || hyperVAdministrators) return undefined
  return {
    level: 'error',
    code: 'no-rights',
    message: 'this account has no rights on Hyper-V: it is in neither group, or the prompt is not elevated',
    fix: 'Start azl-vm from an elevated prompt; or, once and elevated: `Add-LocalGroupMember -SID S-1-5-32-578 -Member $env:USERNAME`, then sign out and in again.',
    error: 'permission-denied',
  }
}

/** What else is worth knowing of a host that is ready. */
export function hostFindings(hello: Hello, checks: HostChecks): readonly Finding[] {
  return [
    elevationFinding(hello),
    policyFinding(checks),
    memoryFinding(checks),
    ...neighbourFindings(checks),
    architectureFinding(hello),
  ].filter((finding) => finding !== undefined)
}

function elevationFinding({ rights }: Hello): Finding {
  return rights.administrator
    ? { level: 'ok', code: 'rights', message: 'this prompt is elevated: azl-vm may do all that it can do' }
    : {
        level: 'info',
        code: 'not-elevated',
        message:
          'rights by the group Hyper-V Administrators: enough for machines; a NAT network for a host without Default Switch, and what doctor tells you to mend, needs an elevated prompt',
      }
}

/** The worker runs in spite of the other scopes, so the first that is set is only worth telling. */
function policyFinding({ executionPolicies }: HostChecks): Finding | undefined {
  const set = executionPolicies.find(({ scope, policy }) => scope !== 'Process' && policy !== 'Undefined')
  if (!set) return undefined
  return {
    level: 'info',
    code: 'execution-policy',
    message: `scripts: ${set.policy}, set by ${set.scope}; azl-vm runs its own under Bypass, for its one process, and changes no setting`,
  }
}

/** A machine of the default size. */
const comfortableMemoryBytes = 4 * 1024 ** 3

function memoryFinding({ memoryBytes }: HostChecks): Finding {
  if (memoryBytes >= comfortableMemoryBytes)
    return { level: 'ok', code: 'host-memory', message: `${roughBytes(memoryBytes)} of memory free for machines` }
  return {
    level: 'warning',
    code: 'host-memory',
    message: `only ${roughBytes(memoryBytes)} of memory free; a machine has 4GiB by default, and Hyper-V lends none`,
    fix: 'Stop other machines (`wsl --shutdown` ends WSL’s), or set machine.memory lower.',
  }
}

/** What else uses the hypervisor, or moves machines about. */
function neighbourFindings({ services, isVbsRunning }: HostChecks): readonly Finding[] {
  const runs = (...names: readonly string[]): boolean =>
    services.some(({ name, state }) => names.includes(name) && state === 'Running')
  return [
    ...(isVbsRunning
      ? [
          {
            level: 'info' as const,
            code: 'vbs-running',
            message:
              'virtualization-based security (VBS) runs on the same hypervisor: Hyper-V does not mind, other hypervisors are slow beside it',
          },
        ]
      : []),
    ...(runs('WslService', 'LxssManager')
      ? [
          {
            level: 'info' as const,
            code: 'wsl-beside',
            message: 'WSL runs beside Hyper-V: its machine takes memory, and its network a range of addresses',
            fix: '`wsl --shutdown` gives the memory back until it is used again.',
          },
        ]
      : []),
    ...(runs('ClusSvc')
      ? [
          {
            level: 'warning' as const,
            code: 'cluster-node',
            message:
              'this host is a node of a failover cluster: machines of azl-vm belong to the node and are no roles of the cluster, and media must lie where the node’s service reads them',
            fix: 'Keep storage.path on a local volume or a Cluster Shared Volume, and media on a local disk.',
          },
        ]
      : []),
  ]
}

function architectureFinding({ architecture }: Hello): Finding {
  const [own, other] = architecture === 'Arm64' ? ['aarch64', 'x86_64'] : ['x86_64', 'aarch64']
  return {
    level: 'info',
    code: 'host-architecture',
    message: `guests are ${own}, as this computer: Hyper-V emulates no processor, so media for ${other} do not boot here`,
  }
}
