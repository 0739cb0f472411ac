import { describe, expect, test } from 'vitest'
import { withMachineLock } from '../../../src/pipeline/machine-lock.ts'
import { world } from './pipeline-world.ts'

describe('the lock of a machine', () => {
  test('is held also when the machine’s folder is gone, and is the same whatever the name’s case', async () => {
    const { environment, hypervisor } = await world()
    const provider = hypervisor.open()
    const request = {
      environment,
      provider,
      name: 'Box',
      verb: 'destroy',
      signal: new AbortController().signal,
      lockWaitMs: 0,
    }
    await withMachineLock(request, async () => {
      await environment.machines.removeFolder(provider.name, provider.host, 'Box')
      const second = withMachineLock({ ...request, name: 'box', verb: 'up' }, () => Promise.resolve())
      await expect(second).rejects.toThrow('the machine "box" is in use by `azl-vm destroy`')
    })
    expect(await withMachineLock(request, () => Promise.resolve('free'))).toBe('free')
    expect(await environment.machines.names(provider.name, provider.host)).toEqual([])
  })
})
