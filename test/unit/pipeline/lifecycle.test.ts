import { describe, expect, test } from 'vitest'
import { detachInstaller, startMachine, type LifecycleRequest } from '../../../src/pipeline/lifecycle.ts'
import { createSnapshot } from '../../../src/pipeline/snapshots.ts'
import { AzlVmError, type ErrorCode } from '../../../src/errors.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import { testCall } from '../../support/test-environment.ts'
import { errorOf, world } from './pipeline-world.ts'

describe('start', () => {
  test.each(['creating', 'destroying'] as const)('refuses a machine in phase %s, with what goes on', async (phase) => {
    const here = await world()
    await here.up()
    const provider = here.hypervisor.open()
    const machine = here.hypervisor.byName('box')!
    const [info] = await provider.findByName('box', testCall())
    // After the look: only what is true under the lock counts.
    machine.mark = { ...machine.mark!, phase }
    const { environment } = here
    const { bus } = openVerbRun(environment, () => undefined)
    const { signal } = new AbortController()
    const error = await errorOf(
      startMachine({ environment, found: { provider, info: info! }, bus, signal, lockWaitMs: 0 }),
    )
    expect(error).toMatchObject({
      code: 'machine-failed',
      hint: expect.stringContaining('azl-vm destroy box') as string,
    })
    expect(machine.mark.phase).toBe(phase)
  })
})

describe('a verb that the hypervisor fails', () => {
  const verbs = {
    detach: detachInstaller,
    snapshot: (request: LifecycleRequest) => createSnapshot(request, 'one'),
  }

  async function failing(verb: keyof typeof verbs, code: ErrorCode): Promise<readonly string[]> {
    const here = await world()
    await here.up()
    const { environment, hypervisor } = here
    const note = (at: Date, text: string) => hypervisor.events.push({ at: at.toISOString(), text, refused: undefined })
    note(new Date(0), 'of an earlier run')
    hypervisor.fail(verb, () => {
      note(environment.now(), 'the disk is held')
      return new AzlVmError(code, 'no')
    })
    const provider = hypervisor.open()
    const [info] = await provider.findByName('box', testCall())
    const { bus } = openVerbRun(environment, () => undefined)
    const { signal } = new AbortController()
    const found = { provider, info: info! }
    return (await errorOf(verbs[verb]({ environment, found, bus, signal, lockWaitMs: 0 }))).evidence
  }

  test.each(['detach', 'snapshot'] as const)(
    '%s tells what the hypervisor noted meanwhile, and no more',
    async (verb) => {
      expect(await failing(verb, 'backend-failed')).toEqual(['the disk is held'])
    },
  )

  test('an interruption asks for nothing', async () => {
    expect(await failing('detach', 'cancelled')).toEqual([])
  })
})
