/** What the verbs on one snapshot have in common. */
import type { PositionalData } from '../cli/command.ts'
import { formatBytes } from '../format-bytes.ts'
import type { SnapshotInfo } from '../provider/snapshot.ts'
import { machinePositional } from './machine-arguments.ts'

export const snapshotPositionals = [
  machinePositional,
  { name: 'snapshot', required: true, description: 'Name of the snapshot; upper and lower case are the same.' },
] as const satisfies readonly PositionalData[]

export function holdingText({ hasMemory, isTpmHeld }: Pick<SnapshotInfo, 'hasMemory' | 'isTpmHeld'>): string {
  const parts = hasMemory ? 'disks and memory' : 'disks'
  if (isTpmHeld === undefined) return parts
  return isTpmHeld ? `${parts}, TPM` : `${parts}, not the TPM`
}

export function sizeText({ sizeBytes }: SnapshotInfo): string {
  return sizeBytes === undefined ? '' : formatBytes(sizeBytes)
}
