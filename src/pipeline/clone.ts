/** `clone`: a machine of ours that shares the base disk of another, with its own identity. */
import { randomUUID } from 'node:crypto'
import { AzlVmError, errorText, isAzlVmError } from '../errors.ts'
import type { MachineInfo, MachineRef } from '../provider/machine.ts'
import type { Mark } from '../provider/mark.ts'
import type { CloneRequest } from '../provider/snapshot.ts'
import { destroyLocked } from './destroy.ts'
import { callFor } from './environment.ts'
import type { Journal } from './journal.ts'
import { locked, requireMade, type LifecycleRequest } from './lifecycle.ts'
import { mintMac } from './minting.ts'
import { isOurs, notOursBecause, requireOurs } from './ownership.ts'
import { requireName } from './require-name.ts'
import { asCancelled, emitAfterFailure } from './runner.ts'

export interface CloneOptions {
  readonly name: string
  /** What it begins from; undefined: the disks as they are. */
  readonly snapshot: string | undefined
}

/**
 * Makes the clone. Both machines are locked from the first journal entry to the last. A failure takes back what was
 * made; a clone that a killed command left half made is removed and begun anew.
 */
export async function cloneMachine(request: LifecycleRequest, options: CloneOptions): Promise<MachineInfo> {
  requireName(options.name, 'a machine')
  const { provider, info } = request.found
  await requireFree(request, options.name)
  return await locked(request, 'clone', async (originalJournal) => {
    const original = await provider.inspect(info.ref, callFor(request.bus, request.signal))
    requireOurs(original, request.environment, provider.host)
    requireMade(original)
    const clone = requestFor(request, original, options)
    const found = { provider, info: { ...original, ref: clone.ref } }
    return await locked({ ...request, found }, 'clone', async (journal) => {
      await removeHalfMade(request, options.name, journal)
      const object = `clone ${clone.ref.name} of ${original.ref.name}`
      for (const each of [journal, originalJournal])
        each.append({ entry: 'intent', act: 'clone', operation: 'clone', object })
      const made = await makeClone(request, original, clone)
      for (const each of [journal, originalJournal]) each.append({ entry: 'done', act: 'clone', operation: 'clone' })
      return made
    })
  })
}

async function makeClone(request: LifecycleRequest, original: MachineInfo, clone: CloneRequest): Promise<MachineInfo> {
  const { found, bus, signal } = request
  const { provider } = found
  const call = callFor(bus, signal)
  try {
    await bus.step('clone', `clone ${original.ref.name} as ${clone.ref.name}`, () =>
      provider.clone(original.ref, clone, call),
    )
    await remember(request, original.ref, clone)
    await provider.updateMark(clone.ref, { phase: 'ready' }, call)
    return await provider.inspect(clone.ref, call)
  } catch (thrown) {
    const error = asCancelled(thrown, signal)
    // A claim that was refused made nothing of that name.
    if (!isAzlVmError(error, 'machine-exists')) await takeBack(request, clone.ref)
    throw error
  }
}

/** How long taking back may take; it has a signal of its own, because it runs after Ctrl-C too. */
const undoTimeoutMs = 60_000

async function takeBack({ environment, found, bus }: LifecycleRequest, ref: MachineRef): Promise<void> {
  const { provider } = found
  try {
    await provider.destroy(ref, callFor(bus, AbortSignal.timeout(undoTimeoutMs)))
    await environment.machines.forget(provider.name, provider.host, ref.name)
  } catch (error) {
    const message = `could not take back the clone ${ref.name}: ${errorText(error)}`
    emitAfterFailure(bus, { type: 'warning', code: 'undo-failed', message, hint: '`azl-vm gc` tries again.' })
  }
}

function requestFor(
  { environment, bus }: LifecycleRequest,
  original: MachineInfo & { readonly mark: Mark },
  { name, snapshot }: CloneOptions,
): CloneRequest {
  const { mark } = original
  const id = randomUUID()
  const created = environment.now()
  const { expires, ...rest } = mark
  const livesMs = expires === undefined ? undefined : Date.parse(expires) - Date.parse(mark.created)
  return {
    ref: { name, id },
    macs: original.networks.map(mintMac),
    ...(snapshot === undefined ? {} : { snapshot }),
    mark: {
      ...rest,
      tool: `azl-vm ${environment.toolVersion}`,
      runId: bus.runId,
      machineId: id,
      name,
      creator: environment.processes.self,
      phase: 'creating',
      created: created.toISOString(),
      ...(livesMs === undefined ? {} : { expires: new Date(created.getTime() + livesMs).toISOString() }),
      cloneOf: {
        name: original.ref.name,
        machineId: original.ref.id,
        ...(snapshot === undefined ? {} : { snapshot }),
      },
      provider: {},
    },
  }
}

/** What is remembered of the original holds for the clone too; where nothing is, its mark says enough. */
async function remember(
  { environment, found }: LifecycleRequest,
  original: MachineRef,
  clone: CloneRequest,
): Promise<void> {
  const { machines } = environment
  const { name, host } = found.provider
  const known = await machines.read(name, host, original.name).catch((error: unknown) => {
    if (isAzlVmError(error)) return undefined
    throw error
  })
  if (!known) return
  const { failure: _failure, bootOutcome: _bootOutcome, lastRunId: _lastRunId, ...rest } = known
  await machines.write({
    ...rest,
    ref: clone.ref,
    runId: clone.mark.runId,
    phase: 'ready',
    created: clone.mark.created,
    macs: clone.macs,
  })
}

/** Before any lock, so that two clones that go both ways do not wait for each other. */
async function requireFree(request: LifecycleRequest, name: string): Promise<void> {
  const { environment, found, bus, signal } = request
  for (const taken of await found.provider.findByName(name, callFor(bus, signal))) {
    if (isHalfMade(request, taken)) continue
    const whose = isOurs(taken, environment) ? '' : `, and it ${notOursBecause(taken)}`
    throw new AzlVmError(
      'machine-exists',
      `there is already a machine "${taken.ref.name}" on ${found.provider.host}${whose}`,
      { hint: 'Choose another name.' },
    )
  }
}

async function removeHalfMade(request: LifecycleRequest, name: string, journal: Journal): Promise<void> {
  const { environment, found, bus, signal } = request
  const { provider } = found
  await requireFree(request, name)
  for (const info of await provider.findByName(name, callFor(bus, signal))) {
    bus.emit({ type: 'note', message: `removing "${name}", which an interrupted run left half made` })
    await destroyLocked({ environment, provider, info, journal, bus, signal })
  }
}

/** Left by a run that is dead: its lock is free, and nobody makes it any more. */
function isHalfMade({ environment }: LifecycleRequest, info: MachineInfo): boolean {
  return (
    isOurs(info, environment) && info.mark.phase === 'creating' && !environment.processes.isAlive(info.mark.creator)
  )
}
