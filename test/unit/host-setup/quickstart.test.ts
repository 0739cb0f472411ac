import { describe, expect, it } from 'vitest'
import { machineNames, quickstart } from '../../../scripts/host-setup/quickstart.mjs'
import { fakeHost, type Given } from './fake-host.ts'

const LOCK = JSON.stringify({ packages: {} })
const FILES = { '/r/package-lock.json': LOCK, '/r/node_modules/.package-lock.json': LOCK }
const answers = () => Promise.resolve('answers' as const)
const machines = (...names: string[]) => ({
  stdout: JSON.stringify({ machines: names.map((name) => ({ isOurs: true, ref: { name } })), unreadable: [] }),
})

/** What `azl-vm providers` says: one hypervisor. */
const hypervisor = (isReady: boolean) => ({
  stdout: JSON.stringify({
    providers: [
      {
        title: 'Hyper-V on Windows',
        isReady,
        findings: isReady ? [] : [{ level: 'error', message: 'the feature is off', fix: 'Turn it on.' }],
      },
    ],
  }),
})

/** dpkg has everything; `ls` shows what `present` says at that moment. */
async function run(given: Given, present: () => string[], upCode = 0, isReady = false) {
  const fake = fakeHost({
    ...given,
    files: { ...FILES, ...given.files },
    answer: (line) => {
      if (line.startsWith('dpkg-query'))
        return {
          stdout: line
            .split(' ')
            .map((name) => `${name}\tinstalled`)
            .join('\n'),
        }
      if (line.includes(' providers ')) return hypervisor(isReady)
      if (line.includes(' ls ')) return machines(...present())
      return line.includes(' up ') ? { code: upCode } : undefined
    },
  })
  const code = await quickstart(fake.host, answers, '/r')
  return {
    ...fake,
    code,
    verbs: fake.ran.filter((line) => line.includes('cli.js')).map((line) => line.split('cli.js ')[1]),
  }
}

describe('quickstart', () => {
  it('boots the template and prints the time', async () => {
    const { code, verbs, said } = await run({}, () => [])
    expect(code).toBe(0)
    expect(verbs).toEqual(['providers --output json', 'ls --output json', 'up templates/quickstart.yaml --rm'])
    expect(said.join('\n')).toContain('Time since the installs: 0.0 s')
  })

  it('takes the machine of an earlier run away first', async () => {
    const { verbs } = await run({}, () => ['other', 'quickstart'])
    expect(verbs).toEqual([
      'providers --output json',
      'ls --output json',
      'destroy quickstart',
      'up templates/quickstart.yaml --rm',
    ])
  })

  it('after Ctrl-C takes away what the tool left', async () => {
    let looks = 0
    const { code, verbs } = await run({}, () => (looks++ === 0 ? [] : ['quickstart']), 130)
    expect(code).toBe(130)
    expect(verbs.at(-1)).toBe('destroy quickstart')
  })

  it('after a failure leaves the machine to be looked at, and says how to take it away', async () => {
    let looks = 0
    const { code, verbs, said } = await run({}, () => (looks++ === 0 ? [] : ['quickstart']), 5)
    expect(code).toBe(5)
    expect(verbs).not.toContain('destroy quickstart')
    expect(said.join('\n')).toContain('azl-vm destroy quickstart')
  })

  it('uses the first hypervisor that is ready, and installs no system packages for it', async () => {
    const { code, ran, said, verbs } = await run({ platform: 'win32' }, () => [], 0, true)
    expect(code).toBe(0)
    expect(said.join('\n')).toContain('Hyper-V on Windows is ready here')
    expect(verbs.at(-1)).toBe('up templates/quickstart.yaml --rm')
    // A policy may forbid npx, which is a script to PowerShell.
    expect(said.join('\n')).toContain('$ npx.cmd azl-vm up ')
    expect(said.join('\n')).not.toContain('npx azl-vm')
    expect(ran.some((line) => line.startsWith('dpkg-query'))).toBe(false)
  })

  it.each([{ platform: 'win32' } as const, { files: { '/etc/os-release': 'ID=fedora' } }])(
    'where we install nothing says what is missing, and boots nothing: %j',
    async (given) => {
      const fake = fakeHost({ ...given, files: { ...FILES, ...given.files }, answer: () => hypervisor(false) })
      await expect(quickstart(fake.host, answers, '/r')).rejects.toThrow(/the feature is off|sudo dnf install/)
      expect(fake.ran.some((line) => line.includes(' up '))).toBe(false)
    },
  )
})

describe('machineNames', () => {
  it('leaves out what is not ours', () => {
    expect(
      machineNames('{"machines":[{"isOurs":true,"ref":{"name":"a"}},{"isOurs":false,"ref":{"name":"quickstart"}}]}'),
    ).toEqual(['a'])
  })
})
