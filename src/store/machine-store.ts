/** What this controller remembers of its machines. The hypervisor's mark counts where the two differ. */
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Phase } from '../events/events.ts'
import type { MachineRef, Medium } from '../provider/machine.ts'
import { readJsonFile, writeFileAtomic, hasCode, stateError } from './atomic-file.ts'
import { machinePathsIn, type Home, type MachinePaths } from './paths.ts'

export interface MachineRecord {
  readonly v: 1
  readonly provider: string
  readonly host: string
  readonly ref: MachineRef
  /** The run that made the machine. */
  readonly runId: string
  /** The latest run that booted it; its folder holds transcript and report. A clone has none yet. */
  readonly lastRunId?: string
  readonly specFile: string | undefined
  readonly specDigest: string
  readonly phase: Phase
  readonly created: string
  readonly installer: Medium
  /** What was minted for the machine's networks. */
  readonly macs: readonly string[]
  readonly bootOutcome?: unknown
  readonly failure?: { readonly code: string; readonly message: string }
}

export interface StoredMachine {
  readonly paths: MachinePaths
  readonly record: MachineRecord
}

export class MachineStore {
  readonly #home: Home

  constructor(home: Home) {
    this.#home = home
  }

  paths(provider: string, host: string, name: string): MachinePaths {
    return this.#home.machine(provider, host, name)
  }

  async read(provider: string, host: string, name: string): Promise<MachineRecord | undefined> {
    return await readRecord(this.paths(provider, host, name))
  }

  async write(record: MachineRecord): Promise<void> {
    const { record: file } = this.paths(record.provider, record.host, record.ref.name)
    await writeFileAtomic(file, `${JSON.stringify(record, null, 2)}\n`)
  }

  /** Forgets what is known of a machine that is gone; its journal goes with {@link removeFolder}. */
  async forget(provider: string, host: string, name: string): Promise<void> {
    await rm(this.paths(provider, host, name).record, { force: true }).catch((error: unknown) => {
      throw stateError(this.paths(provider, host, name).record, error)
    })
  }

  /** Removes the folder of a machine that nothing is known of any more; run folders, the evidence, stay. */
  async removeFolderIfForgotten(provider: string, host: string, name: string): Promise<void> {
    const { record } = this.paths(provider, host, name)
    if ((await readJsonFile(record).catch(() => 'damaged')) === undefined) await this.removeFolder(provider, host, name)
  }

  async removeFolder(provider: string, host: string, name: string): Promise<void> {
    await rm(this.paths(provider, host, name).dir, { recursive: true, force: true }).catch((error: unknown) => {
      throw stateError(this.paths(provider, host, name).dir, error)
    })
  }

  /** For which machines of a host a folder is kept, by lower-case name, also where there is no record in it (yet). */
  async names(provider: string, host: string): Promise<readonly string[]> {
    const of = path.dirname(this.paths(provider, host, 'any').dir)
    return (await folders(of)).map((dir) => path.basename(dir))
  }

  /** Every readable record, whatever its provider and host. */
  async list(): Promise<readonly StoredMachine[]> {
    const found: StoredMachine[] = []
    for (const provider of await folders(this.#home.machinesDir)) {
      for (const host of await folders(provider)) {
        for (const dir of await folders(host)) {
          const paths = machinePathsIn(dir)
          const record = await readRecord(paths)
          if (record) found.push({ paths, record })
        }
      }
    }
    return found
  }

  /** Every (provider, host) that a machine was ever made on here and is still remembered. */
  async hosts(): Promise<readonly { readonly provider: string; readonly host: string }[]> {
    const byKey = new Map(
      (await this.list()).map(({ record }) => [JSON.stringify([record.provider, record.host]), record]),
    )
    return [...byKey.values()].map(({ provider, host }) => ({ provider, host }))
  }
}

async function readRecord(paths: MachinePaths): Promise<MachineRecord | undefined> {
  const value = await readJsonFile(paths.record)
  return isRecord(value) ? value : undefined
}

function isRecord(value: unknown): value is MachineRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'v' in value &&
    value.v === 1 &&
    'ref' in value &&
    'provider' in value &&
    'host' in value
  )
}

async function folders(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(dir, entry.name))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return []
    throw stateError(dir, error)
  }
}
