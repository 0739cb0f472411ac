/** The provider's own rules, against the simulated host. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()

describeWhere('the provider', unavailable, () => {
  let simulator: HyperVSimulator
  let provider: Provider

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    provider = await definition.open('local', providerContext({ env: simulator.env }))
  })
  afterAll(async () => {
    await provider.close()
    await simulator.stop()
  })

  test('an empty list is believed only with rights: without them it is permission-denied', async () => {
    expect(await provider.list(testCall())).toEqual([])
    await simulator.setKnobs({ rights: 'none-silent' })
    const without = await definition.open('local', providerContext({ env: simulator.env }))
    try {
      await expect(without.list(testCall())).rejects.toMatchObject({ code: 'permission-denied' })
    } finally {
      await without.close()
      await simulator.setKnobs({})
    }
  })
})
