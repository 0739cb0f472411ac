/** What an `export` that was killed left beside the file that it was to make: its journal says where. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { errorText } from '../errors.ts'
import type { Kept, RemovalReport } from '../provider/contract.ts'
import { isThere } from '../store/is-there.ts'
import { readJournal } from './journal.ts'

const partPattern = /^\..+\.[0-9a-f]{8}\.part$/ // .azl4.vhd.5f2c9a01.part

/** Where `file` is written until it is whole: a name that nobody has. */
export function partOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(4).toString('hex')}.part`)
}

/** Those of a machine's journal that are there; only while nobody exports are they nobody's. */
export async function halfExports(journal: string): Promise<readonly string[]> {
  const parts = (await readJournal(journal)).flatMap((entry) =>
    entry.entry === 'intent' && entry.act === 'export' && partPattern.test(path.basename(entry.object))
      ? [entry.object]
      : [],
  )
  const there = await Promise.all(parts.map(isThere))
  return parts.filter((_, index) => there[index])
}

/** While the machine's lock is held. */
export async function removeHalfExports(journal: string): Promise<RemovalReport> {
  const removed: string[] = []
  const kept: Kept[] = []
  for (const part of await halfExports(journal)) {
    const what = `file ${part}`
    try {
      await rm(part, { force: true })
      removed.push(what)
    } catch (error) {
      kept.push({ what, why: errorText(error), isOurs: true })
    }
  }
  return { removed, kept }
}
