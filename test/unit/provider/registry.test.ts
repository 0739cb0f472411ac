import { expect, test } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { ProviderRegistry, type ProviderEntry } from '../../../src/provider/registry.ts'
import { providerContext } from '../../support/test-environment.ts'

const entry = (name: string, understands: (host: string) => boolean, why?: string): ProviderEntry => ({
  name,
  title: `the ${name}`,
  whyNotHere: () => why,
  load: () =>
    Promise.resolve({
      name,
      title: name,
      open: (host) =>
        understands(host)
          ? Promise.resolve({ name, host, close: () => Promise.resolve() } as Provider)
          : Promise.reject(new AzlVmError('usage', `${name} does not understand ${host}`)),
    }),
})

const registryOf = (...entries: readonly ProviderEntry[]): ProviderRegistry =>
  new ProviderRegistry(entries, () => providerContext())

const names = (providers: readonly Provider[]): readonly string[] => providers.map(({ name }) => name)

test('what this computer cannot be a host of is neither loaded nor asked, and its reason is told', async () => {
  const elsewhere = {
    ...entry('elsewhere', () => true, 'part of another system'),
    load: () => Promise.reject(new Error('loaded')),
  }
  const registry = registryOf(
    elsewhere,
    entry('here', () => true),
  )
  expect(names(await registry.openAll('local'))).toEqual(['here'])
  expect(registry.notHere('local')).toEqual([
    { name: 'elsewhere', title: 'the elsewhere', why: 'part of another system' },
  ])
})

test('on another host it may well be', async () => {
  const registry = registryOf(entry('elsewhere', (host) => host === 'ssh://far', 'part of another system'))
  expect(registry.notHere('ssh://far')).toEqual([])
  expect(names(await registry.openAll('ssh://far'))).toEqual(['elsewhere'])
})

test('a provider that does not understand an address is left out; one that nobody understands is an error', async () => {
  const registry = registryOf(
    entry('one', (host) => host.startsWith('one:')),
    entry('two', (host) => host.startsWith('two:')),
  )
  expect(names(await registry.openAll('two:host'))).toEqual(['two'])
  await expect(registry.openAll('three:host')).rejects.toThrow('one does not understand three:host')
})
