import { describe, expect, test } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import { cloneMachine } from '../../../src/pipeline/clone.ts'
import { readJournal } from '../../../src/pipeline/journal.ts'
import type { LifecycleRequest } from '../../../src/pipeline/lifecycle.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import { createSnapshot, deleteSnapshot, restoreSnapshot } from '../../../src/pipeline/snapshots.ts'
import { probeSpec, testCall } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

async function requestOn(here: PipelineWorld, name = 'box'): Promise<LifecycleRequest> {
  const { environment } = here
  const provider = here.hypervisor.open()
  const [info] = await provider.findByName(name, testCall())
  const { bus } = openVerbRun(environment, (event) => {
    here.events.push(event)
  })
  const { signal } = new AbortController()
  return { environment, found: { provider, info: info! }, bus, signal, lockWaitMs: 0 }
}

async function switchedOff(...lines: readonly string[]): Promise<PipelineWorld> {
  const here = await world()
  await here.up(waiting(...lines))
  here.hypervisor.byName('box')?.end('off')
  return here
}

async function cloned(here: PipelineWorld, name = 'twin', of = 'box') {
  return await cloneMachine(await requestOn(here, of), { name, snapshot: undefined })
}

const journalOf = async ({ environment }: PipelineWorld, name: string) => {
  const entries = await readJournal(environment.machines.paths('memory', 'memory:///here', name).journal)
  return entries.map((entry) => ('act' in entry ? `${entry.entry} ${entry.act}` : entry.entry))
}

describe('clone', () => {
  test('is ours, finished, off, says what it is a clone of, and is remembered with the spec of the original', async () => {
    const here = await switchedOff('expires: 7d')
    const original = here.hypervisor.byName('box')!
    const made = await cloned(here)
    expect(made).toMatchObject({
      state: 'off',
      mark: {
        owner: here.environment.owner,
        name: 'twin',
        machineId: made.ref.id,
        phase: 'ready',
        cloneOf: { name: 'box', machineId: original.ref.id },
      },
    })
    const { created, expires } = made.mark!
    expect(Date.parse(expires!) - Date.parse(created)).toBe(7 * 86_400_000)
    expect(made.mark!.runId).not.toBe(original.mark!.runId)
    const records = await Promise.all(
      ['box', 'twin'].map((name) => here.environment.machines.read('memory', 'memory:///here', name)),
    )
    expect(records[1]).toMatchObject({ ref: made.ref, specFile: records[0]?.specFile, phase: 'ready' })
    expect(records[1]?.lastRunId).toBeUndefined()
    for (const name of ['box', 'twin'])
      expect((await journalOf(here, name)).slice(-2)).toEqual(['intent clone', 'done clone'])
  })

  test('`up` of the original’s spec under the clone’s name finds it as the spec says, and starts it', async () => {
    const here = await switchedOff()
    await cloned(here)
    const result = await here.up(probeSpec('twin', 'wait', 'provider: memory'))
    expect(result).toMatchObject({ action: 'started', machine: { ref: { name: 'twin' }, state: 'running' } })
  })

  test('that fails is taken back, and the original is as it was', async () => {
    const here = await switchedOff()
    here.hypervisor.fail('updateMark', new AzlVmError('backend-failed', 'no'))
    expect(await errorOf(cloned(here))).toMatchObject({ code: 'backend-failed' })
    here.hypervisor.heal()
    expect(here.hypervisor.byName('twin')).toBeUndefined()
    expect(here.hypervisor.byName('box')).toMatchObject({ state: 'off', mark: { phase: 'ready' } })
    await here.destroy('box')
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await here.environment.machines.list()).toEqual([])
  })

  test('that a killed command left half made is begun anew, and gc would take it', async () => {
    const here = await switchedOff()
    here.hypervisor.fail('updateMark', () => {
      here.hypervisor.cutConnections()
      return new Error('killed')
    })
    const { pid } = here.processes.self
    await cloned(here).catch(() => undefined)
    here.hypervisor.heal()
    here.processes.die(pid)
    here.processes.become(pid + 1)
    const half = here.hypervisor.byName('twin')!
    expect(half.mark?.phase).toBe('creating')
    const items = await here.gcItems()
    expect(items).toContainEqual(expect.objectContaining({ what: 'machine twin', verdict: 'collect' }))
    expect(items).toContainEqual(expect.objectContaining({ what: 'machine box', verdict: 'finished' }))
    const made = await cloned(here)
    expect(made.ref.id).not.toBe(half.ref.id)
    expect(here.hypervisor.machines.size).toBe(2)
  })

  test.each(['box', 'BOX', 'theirs'])(
    'refuses the name %s, which is taken, before it changes anything',
    async (name) => {
      const here = await switchedOff()
      here.hypervisor.addForeign('theirs')
      const before = here.hypervisor.inventory()
      expect(await errorOf(cloned(here, name))).toMatchObject({ code: 'machine-exists' })
      expect(here.hypervisor.inventory()).toEqual(before)
    },
  )

  test.each(['', '-x', 'a b', 'x'.repeat(64)])('refuses "%s", which is no name', async (name) => {
    const here = await switchedOff()
    expect(await errorOf(cloned(here, name))).toMatchObject({ code: 'usage' })
    expect(await errorOf(createSnapshot(await requestOn(here), name))).toMatchObject({ code: 'usage' })
  })
})

describe('the base of a clone', () => {
  test('is not destroyed, stays usable, and goes after its clones', async () => {
    const here = await switchedOff()
    await cloned(here)
    await cloned(here, 'third', 'twin')
    const before = here.hypervisor.inventory()
    for (const [name, needed] of [
      ['box', '"twin"'],
      ['twin', '"third"'],
    ] as const) {
      const error = await errorOf(here.destroy(name))
      expect(error).toMatchObject({ code: 'resource-busy', message: expect.stringContaining(needed) as string })
      expect(here.hypervisor.byName(name)?.mark?.phase).toBe('ready')
    }
    expect(here.hypervisor.inventory()).toEqual(before)
    for (const name of ['third', 'twin', 'box']) await here.destroy(name)
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test('is kept by gc while its clone stays, and collected after it where both have expired', async () => {
    const here = await switchedOff('expires: 1h')
    await cloned(here)
    const twin = here.hypervisor.byName('twin')!
    const { expires, ...rest } = twin.mark!
    twin.mark = rest
    here.passTime(2 * 3_600_000)
    expect(await here.gcItems()).toContainEqual(
      expect.objectContaining({
        what: 'machine box',
        verdict: 'in-use',
        reason: expect.stringContaining('twin') as string,
      }),
    )
    expect((await here.gc()).kept).toEqual([])
    expect(here.hypervisor.byName('box')).toBeDefined()
    twin.mark = { ...rest, ...(expires === undefined ? {} : { expires }) }
    expect((await here.gc()).kept).toEqual([])
    expect(here.hypervisor.inventory()).toEqual([])
  })
})

describe('snapshots', () => {
  test('are journalled, say that the TPM is left out, and say whether the machine was switched off', async () => {
    const here = await switchedOff('machine: { firmware: { tpm: true } }')
    await createSnapshot(await requestOn(here), 'one')
    expect(here.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'tpm-not-held' }))
    await here.hypervisor.byName('box')?.start()
    expect(await restoreSnapshot(await requestOn(here), 'ONE')).toMatchObject({ state: 'off', wasOn: true })
    expect(await restoreSnapshot(await requestOn(here), 'one')).toMatchObject({ state: 'off', wasOn: false })
    await deleteSnapshot(await requestOn(here), 'one')
    expect((await journalOf(here, 'box')).slice(-8)).toEqual(
      ['snapshot', 'restore', 'restore', 'delete-snapshot'].flatMap((act) => [`intent ${act}`, `done ${act}`]),
    )
    await here.destroy('box')
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test.each(['creating', 'destroying'] as const)('of a machine in phase %s are refused', async (phase) => {
    const here = await switchedOff()
    const machine = here.hypervisor.byName('box')!
    machine.mark = { ...machine.mark!, phase }
    for (const act of [createSnapshot, restoreSnapshot])
      expect(await errorOf(act(await requestOn(here), 'one'))).toMatchObject({ code: 'machine-failed' })
    expect(await errorOf(cloned(here))).toMatchObject({ code: 'machine-failed' })
  })
})
