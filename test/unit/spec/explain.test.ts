import { describe, expect, test } from 'vitest'
import { hostArchitecture } from '../../../src/spec/host-architecture.ts'
import { runMain, temporaryFolder } from '../../support/run-cli.ts'

const spec = `version: 1
name: eval
source: { probe: {} }
machine:
  memory: 8GiB
  disks: [{ size: 20GiB }, {}]
`

interface Explained {
  readonly values: readonly {
    readonly key: string
    readonly value: unknown
    readonly text: string
    readonly origin: unknown
  }[]
}

async function explain(...argv: readonly string[]) {
  const cwd = await temporaryFolder({ 'eval.yaml': spec })
  const environment = () => Promise.reject(new Error('no host is asked'))
  return await runMain(['explain', 'eval.yaml', ...argv], {
    cwd,
    app: { specProviders: async () => ({}), environment },
  })
}

async function values(...argv: readonly string[]) {
  const { stdout } = await explain(...argv, '--output', 'json')
  return Object.fromEntries((JSON.parse(stdout) as Explained).values.map(({ key, ...rest }) => [key, rest]))
}

describe('explain', () => {
  test('says of each value whether it is written, given, a default or of this computer', async () => {
    const found = await values('--set', 'machine.cpus=4', '--host', 'qemu:///session')
    expect(found['machine.memory']).toMatchObject({
      value: 8 * 1024 ** 3,
      text: '8GiB',
      origin: { from: 'file', file: 'eval.yaml', line: 5, column: 11 },
    })
    expect(found['machine.cpus']).toMatchObject({
      value: 4,
      origin: { from: 'option', option: '--set machine.cpus=4' },
    })
    expect(found['host']).toMatchObject({ origin: { from: 'option', option: '--host qemu:///session' } })
    expect(found['machine.disks[0].size']).toMatchObject({ text: '20GiB', origin: { from: 'file', line: 6 } })
    expect(found['machine.disks[1].size']).toMatchObject({ text: '16GiB', origin: { from: 'default' } })
    expect(found['timeouts.boot']).toMatchObject({ value: 300_000, text: '5m', origin: { from: 'default' } })
    expect(found['arch']).toMatchObject({ value: hostArchitecture(process.arch), origin: { from: 'computer' } })
  })

  test('takes a key, with all below it, and says what it means', async () => {
    expect(Object.keys(await values('machine.firmware'))).toEqual([
      'machine.firmware.secureBoot',
      'machine.firmware.tpm',
    ])
    const { stdout } = await explain('machine.memory')
    expect(stdout).toBe('machine.memory: 8GiB\n  from  eval.yaml:5:11\n  what  Memory (MiB or GiB).\n')
    expect(await values('expires')).toMatchObject({ expires: { text: '-', origin: { from: 'default' } } })
  })

  test('an empty list is a value of its own, where it was written', async () => {
    const found = await values('machine.networks', '--set', 'machine.networks=[]')
    expect(found).toMatchObject({ 'machine.networks': { value: [], text: '[]', origin: { from: 'option' } } })
  })

  test('refuses an element that a list does not have, and says how many it has', async () => {
    const { exitCode, stderr } = await explain('machine.disks[9].size')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('no machine.disks[9]')
    expect(stderr).toContain('machine.disks has 2 in it')
  })

  test('guesses what a wrong key was meant to be', async () => {
    expect((await explain('machine.memroy')).stderr).toContain('did you mean machine.memory?')
    const { exitCode, stderr } = await explain('memory')
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('machine.memory') as string,
    })
    expect((await explain('a..b')).exitCode).toBe(2)
  })
})
