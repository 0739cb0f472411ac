import { expect, test } from 'vitest'
import { pickMachine, takeInventory } from '../../../src/pipeline/find-machine.ts'
import type { Environment } from '../../../src/pipeline/environment.ts'
import { absentMachine } from '../../../src/provider/absent-machine.ts'
import { mintRunId } from '../../../src/provider/mark.ts'
import type { ProviderEntry } from '../../../src/provider/registry.ts'
import { MemoryHypervisor } from '../../support/memory-provider.ts'
import { testCall, testEnvironment } from '../../support/test-environment.ts'
import { world, type PipelineWorld } from './pipeline-world.ts'

/** The same hypervisor, whatever address it is asked under. */
function underAnyAddress(hypervisor: MemoryHypervisor): ProviderEntry {
  const open = async (host: string) =>
    host === 'local' ? hypervisor.open() : Object.assign(hypervisor.open(), { host })
  return { ...hypervisor.entry, load: async () => ({ ...hypervisor.definition, open }) }
}

/** Known by its own address, where `box` was made, and by another one. */
async function knownTwice(here: PipelineWorld): Promise<{ readonly environment: Environment; readonly other: string }> {
  await here.up()
  const { machines } = here.environment
  const [made] = await machines.list()
  const other = 'memory:///the-same-by-another-name'
  await machines.write({ ...made!.record, host: other, ref: { name: 'elsewhere', id: 'gone' } })
  const environment = testEnvironment({
    home: here.environment.home.root,
    entries: [underAnyAddress(here.hypervisor)],
    processes: here.processes,
  })
  return { environment, other }
}

test('a host that is known under two addresses shows each machine once, at the address it was made with', async () => {
  const here = await world()
  const { environment, other } = await knownTwice(here)
  const inventory = await takeInventory(environment, testCall())
  expect(inventory.providers.map(({ host }) => host).toSorted()).toEqual([here.hypervisor.host, other].toSorted())
  expect(inventory.machines.map(({ info }) => info.ref.name)).toEqual(['box'])
  expect(pickMachine(inventory, 'box', environment).provider.host).toBe(here.hypervisor.host)
  await inventory.close()
})

test('gc names what a dead run left there once, and only the state by address', async () => {
  const here = await world()
  const { environment } = await knownTwice(here)
  const creator = { pid: 7, startTime: '1', bootId: here.processes.bootId }
  here.hypervisor.files.set('lost', mintRunId(environment.owner, creator, new Date()))
  const items = await here.gcItems(environment)
  expect(items.map(({ what }) => what).toSorted()).toEqual(['file lost', 'machine box', 'state of elsewhere'])
})

/** One that answers after another one has. */
function answering(provider: string, names: readonly string[], after: Promise<void> | undefined): ProviderEntry {
  const hypervisor = new MemoryHypervisor()
  const list = async () => {
    await after
    return names.map((name) => ({ ...absentMachine({ name, id: `${name}-on-${provider}` }), state: 'off' as const }))
  }
  const open = async () => Object.assign(hypervisor.open(), { name: provider, list })
  return { ...hypervisor.entry, name: provider, load: async () => ({ ...hypervisor.definition, name: provider, open }) }
}

test('machines come by name, then by provider, whichever host answers first', async () => {
  const here = await world()
  const later = new Promise<void>((resolve) => setImmediate(resolve))
  const environment = testEnvironment({
    home: here.environment.home.root,
    entries: [answering('beta', ['web', 'Db'], undefined), answering('alpha', ['web', 'app'], later)],
    processes: here.processes,
  })
  const { machines, close } = await takeInventory(environment, testCall())
  expect(machines.map(({ info, provider }) => `${info.ref.name}@${provider.name}`)).toEqual([
    'app@alpha',
    'Db@beta',
    'web@alpha',
    'web@beta',
  ])
  await close()
})
