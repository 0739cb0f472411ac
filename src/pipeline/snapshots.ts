/** `snapshot create`, `restore` and `delete`: the machine's lock is held, the intent is journalled. */
import type { RestoreResult, SnapshotInfo } from '../provider/snapshot.ts'
import { callFor } from './environment.ts'
import { locked, requireMade, type LifecycleRequest } from './lifecycle.ts'
import { requireName } from './require-name.ts'

/** Holds the machine's state under `name`. A name that is none is a usage error, and nothing is asked of the host. */
export async function createSnapshot(request: LifecycleRequest, name: string): Promise<SnapshotInfo> {
  requireName(name, 'a snapshot')
  const { found, bus, environment } = request
  const { provider, info } = found
  return await acting(request, 'snapshot', name, async () => {
    const call = callFor(bus, request.signal)
    const fresh = await provider.inspect(info.ref, call)
    requireMade(fresh)
    const taken = await bus.step('snapshot', `hold ${info.ref.name} as ${name}`, () =>
      provider.snapshot(info.ref, { name, created: environment.now().toISOString(), runId: bus.runId }, call),
    )
    if (taken.isTpmHeld === false) call.warn('tpm-not-held', tpmNotHeld(info.ref.name))
    return taken
  })
}

export interface Restored extends RestoreResult {
  /** It was on, and was switched off for it. */
  readonly wasOn: boolean
}

/** Returns to what `name` holds. */
export async function restoreSnapshot(request: LifecycleRequest, name: string): Promise<Restored> {
  const { found, bus } = request
  const { provider, info } = found
  return await acting(request, 'restore', name, async () => {
    const call = callFor(bus, request.signal)
    const before = await provider.inspect(info.ref, call)
    requireMade(before)
    const result = await bus.step('restore', `bring ${info.ref.name} back to ${name}`, () =>
      provider.restore(info.ref, { name, runId: bus.runId }, call),
    )
    if (before.tpm && result.state === 'off') call.warn('tpm-not-held', tpmNotHeld(info.ref.name))
    return { ...result, wasOn: !['off', 'crashed', 'saved'].includes(before.state) }
  })
}

/** Forgets one snapshot. */
export async function deleteSnapshot(request: LifecycleRequest, name: string): Promise<void> {
  const { found, bus } = request
  const { provider, info } = found
  await acting(request, 'delete-snapshot', name, async () => {
    await bus.step('delete-snapshot', `delete the snapshot ${name} of ${info.ref.name}`, () =>
      provider.deleteSnapshot(info.ref, name, callFor(bus, request.signal)),
    )
  })
}

async function acting<T>(
  request: LifecycleRequest,
  act: 'snapshot' | 'restore' | 'delete-snapshot',
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  return await locked(request, act, async (journal) => {
    journal.append({
      entry: 'intent',
      act,
      operation: act,
      object: `snapshot ${name} of ${request.found.info.ref.name}`,
    })
    const result = await work()
    journal.append({ entry: 'done', act, operation: act })
    return result
  })
}

function tpmNotHeld(machine: string): string {
  return `the state of the TPM of "${machine}" is not in a snapshot of a machine that is off: what the guest sealed with it is as it is now`
}
