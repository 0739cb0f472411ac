/** One spec on all four hypervisors of one host, and what their guests saw side by side. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeLab } from '../support/lab-world.ts'
import { repositoryRoot } from '../support/run-cli.ts'

const providers = ['kvm', 'hyperv', 'virtualbox', 'vmware'] as const
const machines = providers.map((provider) => `one@${provider}`)
const MiB = 1024 ** 2

describeLab('one spec on four hypervisors', (world) => {
  it('boots the probe on each, and compare tells only differences that docs/providers explains', async () => {
    const user = await world().user()
    const spec = await world().spec('one', {
      source: { probe: { then: 'wait' } },
      machine: { cpus: 2, memory: '320MiB', disks: [{ size: '96MiB' }], networks: [{ mode: 'nat' }] },
    })
    const reports = await Promise.all(
      providers.map((provider) => user.json<object>(['up', spec, '--provider', provider])),
    )
    for (const [index, report] of reports.entries())
      expect(report).toMatchObject({
        provider: providers[index],
        action: 'created',
        machine: { state: 'running', cpus: 2, memoryBytes: 320 * MiB },
        probe: {
          secureBoot: false,
          processors: 2,
          disks: [{ sizeBytes: 96 * MiB }],
          opticalDrives: [{ isBooted: true }, { isMediaPresent: false }],
        },
      })

    const compared = await user.json<Comparison>(['compare', ...machines])
    const page = await readFile(join(repositoryRoot, 'docs', 'providers', 'differences.md'), 'utf8')
    const explained = [...page.matchAll(/^\| ([^|]*?) +\|/gm)].map(([, what]) => what)
    const told = new Set(compared.differences.map(({ what }) => what.replace(/ \d+/, ' N')))
    expect(explained).toEqual(expect.arrayContaining([...told]))
    expect(valuesOf(compared, 'disk 0, bus')).toEqual(['virtio', 'scsi', 'sata', 'nvme'])
    expect(compared.same.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['memory', 'processors', 'disk 0', 'network cards', 'Secure Boot', 'optical drive 0']),
    )

    expect(await listed(user)).toEqual(machines)
    for (const machine of machines) await user.json(['destroy', machine])
    expect(await listed(user)).toEqual([])
  })
})

const valuesOf = ({ differences }: Comparison, wanted: string): readonly (string | null)[] | undefined =>
  differences.find(({ what }) => what === wanted)?.values

async function listed(user: { json<T>(argv: readonly string[]): Promise<T> }): Promise<readonly string[]> {
  const { machines: found } = await user.json<Listed>(['ls'])
  return found.map(({ ref, provider }) => `${ref.name}@${provider}`).toSorted(byProvider)
}

const byProvider = (a: string, b: string): number => machines.indexOf(a) - machines.indexOf(b)

interface Listed {
  readonly machines: readonly { readonly provider: string; readonly ref: { readonly name: string } }[]
}

interface Row {
  readonly what: string
  readonly values: readonly (string | null)[]
}

interface Comparison {
  readonly differences: readonly Row[]
  readonly same: readonly Row[]
}
