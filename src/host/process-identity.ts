/** Who a process is, and whether it is still there: pid, its start time and the boot of this computer. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { ProcessIdentity } from '../provider/mark.ts'

/** What the judgement of a process needs from the computer; a parameter, so that tests can play dead. */
export interface ProcessTable {
  readonly self: ProcessIdentity
  /** False only where the process is known to be gone (other boot, no such pid, ended, or another start time). */
  isAlive(identity: ProcessIdentity): boolean
}

export async function processTable(): Promise<ProcessTable> {
  const bootIds = currentBootIds()
  const [bootId] = bootIds
  const startTimeOf = await startTimeReader()
  const self = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', bootId }
  return {
    self,
    isAlive: (identity) => {
      if (!bootIds.some((known) => known.startsWith(identity.bootId))) return false
      if (!isPidInUse(identity.pid) || isZombie(identity.pid)) return false
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
  return linuxStat(pid)[19]
}

/** It ended, and who began it does not ask how, as the first process of many a container: for as long as that lives. */
function isZombie(pid: number): boolean {
  return linuxStat(pid)[0] === 'Z'
}

/** The fields of proc(5) stat from the third, the state, on; none where there is no such file. */
function linuxStat(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // The second field, the command in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

type BootIds = readonly [own: string, ...alike: string[]]

/** Hex digits that change with every boot: Linux's own boot id; elsewhere the boot time. */
function currentBootIds(): BootIds {
  try {
    return [readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '')]
  } catch {
    return bootIdsAt(Date.now() / 1000 - os.uptime(), os.hostname())
  }
}

/**
 * The id of a boot that is known by its time only, in steps of ten minutes, and the two beside it: the computed
 * time drifts with the clock, and a process that was noted on the other side of an edge is of the same boot.
 */
export function bootIdsAt(bootSeconds: number, hostname: string): BootIds {
  const step = Math.round(bootSeconds / 600)
  const idOf = (at: number): string =>
    createHash('sha256')
      .update(`${hostname} ${String(at)}`)
      .digest('hex')
      .slice(0, 32)
  return [idOf(step), idOf(step - 1), idOf(step + 1)]
}
