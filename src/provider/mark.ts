import { createHash } from 'node:crypto'
import type { Phase } from '../events/events.ts'

/** The process that makes a machine; enough to tell later whether it is still there. */
export interface ProcessIdentity {
  readonly pid: number
  /** When the process began, in the platform's own unit (Linux: clock ticks after boot); '' where unknown. */
  readonly startTime: string
  /** Identifies one boot of the controller, hex digits; a pid of another boot is dead. */
  readonly bootId: string
}

/**
 * What a machine of ours carries, on the hypervisor itself, so that it can be judged without the state folder.
 * It names the machine's own id: a copy of a marked machine has another id and is not ours.
 */
export interface Mark {
  readonly v: 1
  readonly tool: string
  /** 16 hex digits from user, controller and AZL_VM_HOME; see {@link ownerOf}. */
  readonly owner: string
  /** The run that made the machine; all that it made is named by it. */
  readonly runId: string
  readonly machineId: string
  readonly name: string
  readonly creator: ProcessIdentity
  readonly phase: Phase
  /** sha256 (hex) of the resolved spec. */
  readonly specDigest: string
  /** ISO 8601, UTC. */
  readonly created: string
  readonly expires?: string
  /** The installer medium that the machine was made with. */
  readonly installer?: { readonly sha256: string; readonly fileName: string }
  /** For a clone: the machine whose base disk it shares, as it was called then, and the snapshot that it began from. */
  readonly cloneOf?: { readonly name: string; readonly machineId: string; readonly snapshot?: string }
  /** What the provider wants to find again without the state folder. */
  readonly provider: Readonly<Record<string, unknown>>
}

/** Who owns what this tool makes: user, controller (machine-id) and resolved AZL_VM_HOME; 16 hex digits. */
export function ownerOf(user: string, controller: string, home: string): string {
  return createHash('sha256')
    .update(JSON.stringify([user, controller, home]))
    .digest('hex')
    .slice(0, 16)
}

/**
 * A run id that can be judged without any file: `<owner 8>-<time>-<pid>-<start time>-<boot id 8>`, time in
 * milliseconds and all three numbers in base 36. Letters, digits and hyphens only, at most 50 characters.
 */
export function mintRunId(owner: string, creator: ProcessIdentity, now: Date): string {
  const startTime = creator.startTime === '' ? 'x' : BigInt(creator.startTime).toString(36)
  return [
    owner.slice(0, 8),
    now.getTime().toString(36),
    creator.pid.toString(36),
    startTime,
    creator.bootId.slice(0, 8),
  ].join('-')
}

const runIdPattern = /^([0-9a-f]{8})-([0-9a-z]{8,9})-([0-9a-z]{1,7})-([0-9a-z]{1,13})-([0-9a-f]{8})$/ // 5f2c9a01-m3k2p9xq-1f4-4x2k9-9bd02c11

export interface RunIdParts {
  /** The first 8 hex digits of the owner. */
  readonly owner: string
  readonly created: Date
  readonly creator: ProcessIdentity
}

/** What a run id says, or undefined where the text is none. */
export function parseRunId(text: string): RunIdParts | undefined {
  const match = runIdPattern.exec(text)
  if (!match) return undefined
  const [, owner = '', time = '', pid = '', startTime = '', bootId = ''] = match
  return {
    owner,
    created: new Date(parseInt(time, 36)),
    creator: { pid: parseInt(pid, 36), startTime: startTime === 'x' ? '' : fromBase36(startTime).toString(), bootId },
  }
}

function fromBase36(digits: string): bigint {
  return [...digits].reduce((sum, digit) => sum * 36n + BigInt(parseInt(digit, 36)), 0n)
}
