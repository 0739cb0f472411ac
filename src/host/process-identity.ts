/** Who a process is, and whether it is still there: pid, its start time and the boot of this computer. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { ProcessIdentity } from '../provider/mark.ts'

/** What the judgement of a process needs from the computer; a parameter, so that tests can play dead. */
export interface ProcessTable {
  readonly self: ProcessIdentity
  /** False only where the process is known to be gone (other boot, no such pid, or another start time). */
  isAlive(identity: ProcessIdentity): boolean
}

export async function processTable(): Promise<ProcessTable> {
  const bootId = currentBootId()
  const startTimeOf = await startTimeReader()
  const self = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', bootId }
  return {
    self,
    isAlive: (identity) => {
      if (identity.bootId !== bootId.slice(0, identity.bootId.length)) return false
      if (!isPidInUse(identity.pid)) return false
      const startTime = startTimeOf(identity.pid)
      return startTime === undefined || identity.startTime === '' || startTime === identity.startTime
    },
  }
}

function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Linux: proc(5) stat field 22, clock ticks after boot. macOS: seconds since 1970 from ps(1). Elsewhere unknown. */
async function startTimeReader(): Promise<(pid: number) => string | undefined> {
  if (process.platform === 'linux') return linuxStartTime
  if (process.platform !== 'darwin') return () => undefined
  // Only where it is needed: every start of the tool would else load it.
  const { execaSync } = await import('execa')
  return (pid) => {
    const result = execaSync('ps', ['-o', 'lstart=', '-p', String(pid)], { reject: false, env: { LC_ALL: 'C' } })
    const milliseconds = Date.parse(result.stdout.trim())
    return Number.isNaN(milliseconds) ? undefined : String(milliseconds / 1000)
  }
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // The second field, the command in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Hex digits that change with every boot: Linux's own boot id; elsewhere the boot time, rounded to ten minutes. */
function currentBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '')
  } catch {
    const bootMinute = Math.round((Date.now() / 1000 - os.uptime()) / 600)
    return createHash('sha256')
      .update(`${os.hostname()} ${String(bootMinute)}`)
      .digest('hex')
      .slice(0, 32)
  }
}
