/**
 * The journal of one machine: what a changing verb is about to do, written to the disk before it is done, so
 * that a process that is killed at any moment leaves a machine that can be gone on with or taken away.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { AppendFile } from '../store/append-file.ts'
import { hasCode, stateError } from '../store/atomic-file.ts'
import type { MachineRef, Medium } from '../provider/machine.ts'
import type { Outputs } from '../provider/plan.ts'

/** What core chose before planning; enough to plan the same machine again. */
export interface Minted {
  readonly ref: MachineRef
  readonly runId: string
  readonly macs: readonly string[]
  readonly created: string
  readonly installer: Medium
}

type JournalAct =
  | 'apply'
  | 'undo'
  | 'stop'
  | 'reset'
  | 'detach'
  | 'snapshot'
  | 'restore'
  | 'delete-snapshot'
  | 'clone'
  | 'export'
  | 'destroy'

export type JournalBody =
  | {
      readonly entry: 'begin'
      readonly verb: string
      readonly specDigest?: string
      readonly minted?: Minted
      readonly pid: number
    }
  | {
      readonly entry: 'intent'
      readonly act: JournalAct
      readonly operation: string
      readonly object: string
    }
  | {
      readonly entry: 'done'
      readonly act: JournalAct
      readonly operation: string
      readonly outputs?: Outputs
    }
  | { readonly entry: 'end'; readonly outcome: string }

export type JournalEntry = JournalBody & { readonly n: number; readonly time: string }

/** Where a run's intents go. A test hands in one that kills the process at the entry that it wants. */
export interface Journal {
  /**
   * Returns once the entry is on the disk, so that nothing is done before it; what was done may get there with the next
   * one. A `done` that a power cut takes is a kill between act and record: nobody takes an act for undone by its lack.
   */
  append(body: JournalBody): void
  close(): void
}

export function openJournal(file: string, now: () => Date): Journal {
  const out = new AppendFile(file)
  // A line that a power cut left half written would else swallow the first entry of this run.
  if (isCutOff(file)) out.append('\n')
  let n = 0
  return {
    append: (body) => {
      n += 1
      out.append(`${JSON.stringify({ n, time: now().toISOString(), ...body })}\n`)
      if (body.entry !== 'done') out.sync()
    },
    close: () => {
      out.close()
    },
  }
}

function isCutOff(file: string): boolean {
  try {
    const last = readFileSync(file).at(-1)
    return last !== undefined && last !== '\n'.charCodeAt(0)
  } catch (error) {
    throw stateError(file, error)
  }
}

/** The entries of a journal; a last line that a power cut left half written is passed over. */
export async function readJournal(file: string): Promise<readonly JournalEntry[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw stateError(file, error)
  }
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line)
      return isEntry(value) ? [value] : []
    } catch {
      return []
    }
  })
}

function isEntry(value: unknown): value is JournalEntry {
  return typeof value === 'object' && value !== null && 'entry' in value
}

/** What the latest making of this machine minted, where the journal knows. */
export function mintedIn(entries: readonly JournalEntry[]): { minted: Minted; specDigest: string } | undefined {
  for (const entry of entries.toReversed()) {
    if (entry.entry === 'begin' && entry.minted && entry.specDigest !== undefined) {
      return { minted: entry.minted, specDigest: entry.specDigest }
    }
  }
  return undefined
}
