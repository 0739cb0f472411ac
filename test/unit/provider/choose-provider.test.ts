import { expect, test } from 'vitest'
import { chooseProvider } from '../../../src/provider/choose-provider.ts'
import type { Capabilities } from '../../../src/provider/capabilities.ts'
import type { Facts, Provider } from '../../../src/provider/contract.ts'
import { ProviderRegistry, type ProviderEntry } from '../../../src/provider/registry.ts'
import { allCapabilities } from '../../support/memory-provider.ts'
import { loadText, probeSpec, providerContext, testCall } from '../../support/test-environment.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

const closed: string[] = []
/** What hosts were asked about. */
const asked: unknown[] = []

function entry(name: string, lacks: string | undefined, capabilities: Partial<Capabilities> = {}): ProviderEntry {
  const facts: Facts = {
    provider: name,
    host: 'local',
    isReady: lacks === undefined,
    isAssumed: false,
    versions: {},
    capabilities: { ...allCapabilities, ...capabilities },
    findings:
      lacks === undefined
        ? []
        : [{ level: 'error', code: 'lacks', message: lacks, fix: `mend ${name}`, error: 'tool-missing' }],
    native: {},
  }
  const provider = {
    name,
    facts: (_call: unknown, making: unknown) => {
      asked.push(making)
      return Promise.resolve(facts)
    },
    close: () => {
      closed.push(name)
      return Promise.resolve()
    },
  }
  const open = () => Promise.resolve(provider as unknown as Provider)
  return { name, title: name, load: () => Promise.resolve({ name, title: name, open }) }
}

async function choose(
  entries: readonly ProviderEntry[],
  whenUnready: 'refuse' | 'take-first' = 'refuse',
  name = 'auto',
) {
  closed.length = 0
  asked.length = 0
  const { spec } = await loadText(
    await temporaryFolder(),
    probeSpec('box', 'wait', 'machine: { firmware: { tpm: true }, memory: 256MiB }', 'storage: { path: /srv/vms }'),
  )
  const registry = new ProviderRegistry(entries, () => providerContext())
  const request = { registry, name, host: 'local', wanted: { ...spec, source: { iso: '/media/azl.iso' } } }
  const { provider, passedOver } = await chooseProvider(request, whenUnready, testCall())
  return { provider: provider.name, passedOver, closed: closed.toSorted() }
}

test('auto takes the first that is ready, says why not the others, and lets them go', async () => {
  expect(await choose([entry('one', 'no daemon'), entry('two', undefined), entry('three', undefined)])).toEqual({
    provider: 'two',
    passedOver: [{ provider: 'one', why: 'no daemon' }],
    closed: ['one', 'three'],
  })
})

test('auto passes over a host that has not what the spec wants', async () => {
  expect(await choose([entry('one', undefined, { tpm: false }), entry('two', undefined)])).toMatchObject({
    provider: 'two',
    passedOver: [{ provider: 'one', why: 'it has no TPM for such a guest' }],
  })
})

test('where none has it, the first that is ready is left to say so at the spec’s key', async () => {
  const entries = [entry('one', 'no daemon'), entry('two', undefined, { tpm: false })]
  expect(await choose(entries)).toMatchObject({ provider: 'two', passedOver: [{ provider: 'one', why: 'no daemon' }] })
})

test('where none is ready, that is an error with every reason; a plan takes the first', async () => {
  const entries = [entry('one', 'no daemon'), entry('two', 'no driver')]
  await expect(choose(entries)).rejects.toMatchObject({
    code: 'tool-missing',
    message: 'one: no daemon',
    hint: 'mend one',
    evidence: ['two: no driver'],
  })
  expect(closed.toSorted()).toEqual(['one', 'two'])
  expect(await choose(entries, 'take-first')).toMatchObject({ provider: 'one' })
})

test('a provider that is named is taken, or refused with its own reason', async () => {
  const entries = [entry('one', undefined), entry('two', 'no driver')]
  await expect(choose(entries, 'refuse', 'two')).rejects.toMatchObject({ message: 'two: no driver' })
  expect(await choose(entries, 'refuse', 'one')).toMatchObject({ provider: 'one', passedOver: [] })
})

test('each host is asked about the folder and the medium that the spec names', async () => {
  await choose([entry('one', 'no daemon'), entry('two', undefined)])
  const making = { storagePath: '/srv/vms', mediumPath: '/media/azl.iso' }
  expect(asked).toEqual([making, making])
})
