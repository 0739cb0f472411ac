/** What azl-vm notes in a snapshot's description. */
import { isObject, isText } from '../../src/provider/parse-mark.ts'
import { isRunId } from './names.ts'
import type { HeldState } from './settings-file.ts'

export interface SnapshotNote {
  /** ISO 8601, UTC. */
  readonly created: string
  readonly hasMemory: boolean
}

export function noteText(note: SnapshotNote): string {
  return JSON.stringify({ 'azl-vm': 1, ...note })
}

/** Of a snapshot that somebody took by hand: what VirtualBox knows. */
export function noteOf({ description, created, memoryFile }: HeldState): SnapshotNote {
  try {
    const value: unknown = JSON.parse(description)
    if (isObject(value) && value['azl-vm'] === 1 && isText(value['created']))
      return { created: value['created'], hasMemory: value['hasMemory'] === true }
  } catch {
    // Somebody's own words.
  }
  return { created: new Date(created).toISOString(), hasMemory: memoryFile !== undefined }
}

/**
 * A snapshot with the name of a run is none of the user's: it is being made, or it is forgotten and kept because other
 * snapshots or clones lie on it.
 */
export function hiddenName(runId: string): string {
  return `azl-vm-${runId}`
}

/** The run whose name a snapshot carries; undefined for one of the user's. */
export function runIdOfSnapshot({ name }: Pick<HeldState, 'name'>): string | undefined {
  const runId = name.startsWith('azl-vm-') ? name.slice('azl-vm-'.length) : ''
  return isRunId(runId) ? runId : undefined
}
