/** `gc`: finds what nobody looks after any more, and removes it. */
import { AzlVmError, errorText } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { Call, Kept, Leftover, Provider, RemovalReport } from '../provider/contract.ts'
import type { MachineInfo, MachineRef } from '../provider/machine.ts'
import { isLocked, withLock } from '../store/lock.ts'
import { destroyMachine } from './destroy.ts'
import { callFor, type Environment } from './environment.ts'
import { takeInventory, type FoundMachine, type Inventory } from './find-machine.ts'
import { halfExports, removeHalfExports } from './half-exports.ts'
import { collectableReason, isDeadRun, isOurs, isStale, notOursBecause } from './ownership.ts'

/** A machine, or a thing without a machine, and what gc thinks of it. */
export interface GcItem {
  /** `state` is what only this computer remembers. */
  readonly kind: 'machine' | 'leftover' | 'state'
  readonly provider: string
  readonly host: string
  readonly what: string
  readonly reason: string
  readonly verdict: 'collect' | 'finished' | 'foreign' | 'stale' | 'in-use'
}

export interface GcPlan {
  readonly items: readonly GcItem[]
  readonly unreadable: Inventory['unreadable']
  /** Removes everything whose verdict is `collect`. */
  run(bus: EventBus, signal: AbortSignal): Promise<RemovalReport>
  close(): Promise<void>
}

interface Candidate {
  readonly item: GcItem
  readonly remove?: (bus: EventBus, signal: AbortSignal) => Promise<RemovalReport>
}

/** Looks at every known host; changes nothing. */
export async function planGc(
  environment: Environment,
  bus: EventBus,
  signal: AbortSignal,
  host?: string,
): Promise<GcPlan> {
  const call = callFor(bus, signal)
  const inventory = await takeInventory(environment, call, host)
  try {
    const candidates = await findCandidates(environment, inventory, call)
    return {
      items: candidates.map(({ item }) => item),
      unreadable: inventory.unreadable,
      run: async (runBus, runSignal) => await removeAll(candidates, inventory.providers, runBus, runSignal),
      close: () => inventory.close(),
    }
  } catch (error) {
    // An open connection would keep the process alive.
    await inventory.close()
    throw error
  }
}

async function findCandidates(
  environment: Environment,
  inventory: Inventory,
  call: Call,
): Promise<readonly Candidate[]> {
  // A clone is younger than its base, and goes first.
  const machines = await withoutBases(
    inventory.machines
      .toSorted((a, b) => (b.info.mark?.created ?? '').localeCompare(a.info.mark?.created ?? ''))
      .map(({ provider, info }) => ({ provider, info, ...machineCandidate(environment, provider, info) })),
    call,
  )
  const leftovers: Candidate[] = []
  const seen = new Set<string>()
  for (const provider of inventory.providers)
    for (const leftover of await provider.leftovers(call)) {
      // One host may be known under two addresses; a run id is on one host only.
      const key = JSON.stringify([provider.name, leftover.runId ?? provider.host, leftover.what])
      if (!seen.has(key)) leftovers.push(leftoverCandidate(environment, provider, leftover))
      seen.add(key)
    }
  // Before the state that tells of them.
  const halves = await halfExportCandidates(environment, inventory.providers)
  return [...machines, ...leftovers, ...halves, ...(await stateCandidates(environment, inventory))]
}

function machineCandidate(environment: Environment, provider: Provider, info: MachineInfo): Candidate {
  const base = {
    kind: 'machine',
    provider: provider.name,
    host: provider.host,
    what: `machine ${info.ref.name}`,
  } as const
  if (!isOurs(info, environment)) {
    const isOld = info.mark !== undefined && isStale(info.mark, environment)
    return {
      item: {
        ...base,
        verdict: isOld ? 'stale' : 'foreign',
        reason: isOld ? 'half made for more than a day by another owner' : notOursBecause(info),
      },
    }
  }
  const reason = collectableReason(info.mark, environment)
  if (reason === undefined)
    return { item: { ...base, verdict: 'finished', reason: `${info.mark.phase}, ${info.state}` } }
  const remove = async (bus: EventBus, signal: AbortSignal): Promise<RemovalReport> => {
    const report = await destroyMachine({
      environment,
      provider,
      info,
      bus,
      signal,
      lockWaitMs: 0,
      isStillWanted: (fresh) => isOurs(fresh, environment) && collectableReason(fresh.mark, environment) !== undefined,
    })
    return { ...report, removed: report.removed.length === 0 ? [] : [base.what, ...report.removed] }
  }
  return { item: { ...base, verdict: 'collect', reason }, remove }
}

interface MachineCandidate extends Candidate, FoundMachine {}

/** The base of a clone that stays is in use, whatever became of it. */
async function withoutBases(candidates: readonly MachineCandidate[], call: Call): Promise<readonly Candidate[]> {
  const isCollected = (ref: MachineRef): boolean =>
    candidates.some(({ info, item }) => info.ref.id === ref.id && item.verdict === 'collect')
  const judged: Candidate[] = []
  for (const { provider, info, item, remove } of candidates) {
    const needing =
      item.verdict === 'collect' ? (await provider.dependents(info.ref, call)).filter((ref) => !isCollected(ref)) : []
    if (needing.length === 0) judged.push({ item, ...(remove && { remove }) })
    else {
      const names = needing.map(({ name }) => name).join(', ')
      judged.push({
        item: {
          ...item,
          verdict: 'in-use',
          reason: `${item.reason}; ${names} ${needing.length === 1 ? 'needs' : 'need'} its disk`,
        },
      })
    }
  }
  return judged
}

function leftoverCandidate(environment: Environment, provider: Provider, leftover: Leftover): Candidate {
  const base = { kind: 'leftover', provider: provider.name, host: provider.host, what: leftover.what } as const
  const isCollectable = leftover.runId === undefined || isDeadRun(leftover.runId, environment)
  if (!isCollectable)
    return { item: { ...base, verdict: 'in-use', reason: 'made by a run that is alive or another owner’s' } }
  const remove = async (bus: EventBus, signal: AbortSignal): Promise<RemovalReport> => {
    const isRemoved = await provider.removeLeftover(leftover, callFor(bus, signal))
    return { removed: isRemoved ? [leftover.what] : [], kept: [] }
  }
  return { item: { ...base, verdict: 'collect', reason: 'no machine names it' }, remove }
}

/** Beside the files that users named, wherever that is. */
async function halfExportCandidates(
  environment: Environment,
  providers: readonly Provider[],
): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const provider of providers)
    for (const name of await environment.machines.names(provider.name, provider.host))
      for (const part of await halfExports(environment.machines.paths(provider.name, provider.host, name).journal))
        candidates.push(await halfExportCandidate(environment, provider, name, part))
  return candidates
}

async function halfExportCandidate(
  environment: Environment,
  provider: Provider,
  name: string,
  part: string,
): Promise<Candidate> {
  const base = { kind: 'leftover', provider: provider.name, host: provider.host, what: `file ${part}` } as const
  const lock = environment.home.machineLock(provider.name, provider.host, name)
  const { processes } = environment
  if (await isLocked(lock, processes)) return { item: { ...base, verdict: 'in-use', reason: busyReason } }
  const { journal } = environment.machines.paths(provider.name, provider.host, name)
  const remove = async (_bus: EventBus, signal: AbortSignal): Promise<RemovalReport> => {
    const request = { what: base.what, verb: 'gc', processes, signal, waitMs: 0 }
    return await withLock(lock, request, async () => await removeHalfExports(journal))
  }
  return { item: { ...base, verdict: 'collect', reason: `an export of ${name} was cut off at it` }, remove }
}

const busyReason = 'an azl-vm works on this machine'

/** What is remembered of machines that are not there: an `up` that was killed before it made anything leaves it. */
async function stateCandidates(environment: Environment, inventory: Inventory): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const provider of inventory.providers) {
    for (const name of await environment.machines.names(provider.name, provider.host)) {
      const isThere = inventory.machines.some((found) => found.provider === provider && isNamed(found.info, name))
      if (!isThere) candidates.push(await stateCandidate(environment, provider, name))
    }
  }
  return candidates
}

async function stateCandidate(environment: Environment, provider: Provider, name: string): Promise<Candidate> {
  const base = { kind: 'state', provider: provider.name, host: provider.host, what: `state of ${name}` } as const
  const lock = environment.home.machineLock(provider.name, provider.host, name)
  const { processes } = environment
  if (await isLocked(lock, processes)) return { item: { ...base, verdict: 'in-use', reason: busyReason } }
  const remove = async (bus: EventBus, signal: AbortSignal): Promise<RemovalReport> => {
    const request = { what: base.what, verb: 'gc', processes, signal, waitMs: 0 }
    return await withLock(lock, request, async () => {
      // Looked at again: it may have been made since.
      const found = await provider.findByName(name, callFor(bus, signal))
      if (found.some((info) => isOurs(info, environment))) return { removed: [], kept: [] }
      await environment.machines.removeFolder(provider.name, provider.host, name)
      return { removed: [base.what], kept: [] }
    })
  }
  return { item: { ...base, verdict: 'collect', reason: 'the machine is not there' }, remove }
}

function isNamed(info: MachineInfo, name: string): boolean {
  return info.ref.name.toLowerCase() === name
}

async function removeAll(
  candidates: readonly Candidate[],
  providers: readonly Provider[],
  bus: EventBus,
  signal: AbortSignal,
): Promise<RemovalReport> {
  const removed: string[] = []
  const kept: Kept[] = []
  for (const { item, remove } of candidates) {
    if (!remove) continue
    try {
      const result = await remove(bus, signal)
      removed.push(...result.removed)
      kept.push(...result.kept)
    } catch (error) {
      if (signal.aborted) throw new AzlVmError('cancelled', 'interrupted while removing', { cause: error })
      kept.push({ what: item.what, why: errorText(error), isOurs: item.kind !== 'state' })
    }
  }
  for (const provider of providers) removed.push(...(await provider.removeUnusedShared(callFor(bus, signal))))
  return { removed: [...new Set(removed)], kept }
}
