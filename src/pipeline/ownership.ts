/** Whose a machine is, and whether somebody is still working on it. */
import { AzlVmError } from '../errors.ts'
import type { MachineInfo } from '../provider/machine.ts'
import { parseRunId, type Mark } from '../provider/mark.ts'
import type { Environment } from './environment.ts'

type Judge = Pick<Environment, 'owner' | 'processes' | 'now'>

/** Half-made machines of a process that cannot be asked are called stale after this long. */
const staleAfterMs = 24 * 3600 * 1000

/** True where the machine carries a mark of this owner that names the machine itself. */
export function isOurs(info: MachineInfo, judge: Pick<Judge, 'owner'>): info is MachineInfo & { readonly mark: Mark } {
  return info.mark !== undefined && info.mark.owner === judge.owner && info.mark.machineId === info.ref.id
}

/** Why gc may take a machine of ours, or undefined where it is finished or being worked on. */
export function collectableReason(mark: Mark, judge: Judge): string | undefined {
  if (mark.expires !== undefined && Date.parse(mark.expires) <= judge.now().getTime())
    return `expired at ${mark.expires}`
  const isUnfinished = mark.phase === 'creating' || mark.phase === 'booting' || mark.phase === 'destroying'
  if (!isUnfinished || judge.processes.isAlive(mark.creator)) return undefined
  const doing = { creating: 'making', booting: 'booting', destroying: 'removing' }[mark.phase]
  return `the azl-vm that was ${doing} it (pid ${String(mark.creator.pid)}) is gone`
}

/** True where a thing named by a run id is ours to judge and its process is dead. */
export function isDeadRun(runId: string, judge: Judge): boolean {
  const parts = parseRunId(runId)
  return parts !== undefined && judge.owner.startsWith(parts.owner) && !judge.processes.isAlive(parts.creator)
}

/** True for the half-made machine of another owner that nobody has finished in a day; listed, never removed silently. */
export function isStale(mark: Mark, judge: Judge): boolean {
  return mark.phase === 'creating' && judge.now().getTime() - Date.parse(mark.created) > staleAfterMs
}

/** Throws where the machine is not ours. */
export function requireOurs(
  info: MachineInfo,
  judge: Pick<Judge, 'owner'>,
  where: string,
): asserts info is MachineInfo & { readonly mark: Mark } {
  if (isOurs(info, judge)) return
  throw new AzlVmError('not-owned', `the machine "${info.ref.name}" on ${where} ${notOursBecause(info)}`, {
    hint: 'azl-vm never changes a machine that it did not make. Use the hypervisor’s own tools for this one.',
  })
}

/** Completes "the machine …". */
export function notOursBecause(info: MachineInfo): string {
  if (!info.mark) return 'was not made by azl-vm'
  if (info.mark.machineId !== info.ref.id) return 'is a copy of a machine of azl-vm, and so not ours'
  return 'was made by another user, computer or AZL_VM_HOME'
}
