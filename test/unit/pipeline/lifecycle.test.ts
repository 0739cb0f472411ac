import { describe, expect, test } from 'vitest'
import { startMachine } from '../../../src/pipeline/lifecycle.ts'
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
