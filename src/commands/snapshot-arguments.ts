/** What the verbs on one snapshot have in common. */
import type { CommandContext, PositionalData } from '../cli/command.ts'
import { formatBytes } from '../format-bytes.ts'
import type { LifecycleRequest } from '../pipeline/lifecycle.ts'
import type { SnapshotInfo } from '../provider/snapshot.ts'
import { lockWaitOf, machinePositional, type MachineWork } from './machine-arguments.ts'

export const snapshotPositionals = [
  machinePositional,
  { name: 'snapshot', required: true, description: 'Name of the snapshot; upper and lower case are the same.' },
] as const satisfies readonly PositionalData[]

export function lifecycleRequest(
  { environment, provider, info, bus }: MachineWork,
  args: { readonly wait: boolean },
  ctx: CommandContext,
): LifecycleRequest {
  return { environment, found: { provider, info }, bus, signal: ctx.signal, lockWaitMs: lockWaitOf(args) }
}

export function holdingText({ hasMemory, isTpmHeld }: Pick<SnapshotInfo, 'hasMemory' | 'isTpmHeld'>): string {
  const parts = hasMemory ? 'disks and memory' : 'disks'
  if (isTpmHeld === undefined) return parts
  return isTpmHeld ? `${parts}, TPM` : `${parts}, not the TPM`
}

export function sizeText({ sizeBytes }: SnapshotInfo): string {
  return sizeBytes === undefined ? '' : formatBytes(sizeBytes)
}
