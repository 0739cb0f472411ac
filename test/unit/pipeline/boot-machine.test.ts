import { expect, test } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { errorOf, waiting, world } from './pipeline-world.ts'

/** Its serial port cannot be let go of. */
function stuck(provider: Provider): Provider {
  const openConsole = provider.openConsole.bind(provider)
  return Object.assign(provider, {
    openConsole: async (...args: Parameters<typeof openConsole>) => {
      const handle = await openConsole(...args)
      const close = async () => {
        await handle.close()
        throw new Error('the wire is stuck')
      }
      return { ended: handle.ended, write: handle.write.bind(handle), close }
    },
  })
}

async function worldWithStuckPort() {
  const here = await world()
  const open = here.hypervisor.open.bind(here.hypervisor)
  here.hypervisor.open = () => stuck(open())
  const warnings = () => here.events.filter(({ type }) => type === 'warning')
  return { here, warnings }
}

test('a serial port that cannot be closed is told and fails no boot', async () => {
  const { here, warnings } = await worldWithStuckPort()
  expect(await here.up()).toMatchObject({ bootOutcome: { is: 'left-for' } })
  expect(warnings()).toContainEqual(expect.objectContaining({ message: 'the wire is stuck' }))
})

test('a serial port that cannot be closed hides no failure of the boot', async () => {
  const { here, warnings } = await worldWithStuckPort()
  here.hypervisor.fail('apply start', new AzlVmError('host-not-ready', 'no power'))
  const error = await errorOf(here.up(waiting()))
  expect(error.message).toContain('no power')
  expect(warnings()).toContainEqual(expect.objectContaining({ message: 'the wire is stuck' }))
})
