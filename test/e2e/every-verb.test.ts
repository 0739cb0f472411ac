/** Each verb, as programs read it: one JSON document on stdout. And the README's first command. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { systemHost } from '../../scripts/host-setup/host.mjs'
import { staleReason } from '../../scripts/host-setup/npm.mjs'
import { commandEntries } from '../../src/commands/index.ts'
import { hollowIso } from '../support/e2e-isos.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd } from '../support/tool-world.ts'
import { repositoryRoot } from '../support/run-cli.ts'

describeE2e('azl-vm', (world) => {
  it('prints one JSON document for every verb', async () => {
    const user = await world().user()
    const spec = await world().spec('json', { source: { probe: { then: 'wait' } } })
    const iso = world().path('hollow.iso')
    await hollowIso(iso, 'x86_64')
    const failsInJson: Readonly<Record<string, number>> = { console: 2, view: 3 }
    const verbs: readonly (readonly [verb: string, ...args: string[]])[] = [
      ['init', 'quickstart', '--out', world().path('made-by-init.yaml')],
      ['schema'],
      ['validate', spec],
      ['explain', spec],
      ['iso inspect', iso],
      ['completion', 'bash'],
      ['providers'],
      ['doctor'],
      ['plan', spec],
      ['up', spec],
      ['ls'],
      ['status', 'json'],
      ['compare', 'json', 'json'],
      ['logs', 'json'],
      ['console', 'json'],
      ['screenshot', 'json', '--out', world().path('json.png')],
      ['view', 'json'],
      ['restart', 'json', '--force'],
      ['detach', 'json'],
      ['stop', 'json', '--force'],
      ['wait', 'json', '--for', 'off'],
      ['snapshot create', 'json', 'held'],
      ['snapshot list', 'json'],
      ['snapshot restore', 'json', 'held'],
      ['snapshot delete', 'json', 'held'],
      ['clone', 'json', 'json-twin'],
      ['export', 'json', world().path('json.qcow2')],
      ['start', 'json'],
      ['gc', '--dry-run'],
      ['destroy', 'json-twin'],
    ]
    expect(verbs.map(([verb]) => verb).toSorted()).toEqual(
      commandEntries
        .filter(({ hidden }) => hidden !== true)
        .map(({ name }) => name)
        .toSorted(),
    )
    for (const argv of verbs) {
      const [verb, ...args] = argv
      const end = await user.run([...verb.split(' '), ...args, '--output', 'json'])
      expect(end.exitCode, `${argv.join(' ')}: ${tellEnd(end)}`).toBe(failsInJson[argv[0]] ?? 0)
      const document: unknown = JSON.parse(end.stdout)
      expect(typeof document, argv[0]).toBe('object')
      expect(end.stderr, argv[0]).toBe('')
    }
    expect((await user.run(['destroy', 'json'])).exitCode).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })

  it('is shown by the README’s first command, as often as one likes', async (context) => {
    const readme = await readFile(join(repositoryRoot, 'README.md'), 'utf8')
    expect(readme).toMatch(/^\s*npm run quickstart|node scripts\/quickstart\.mjs/m)
    const stale = staleReason(systemHost(), repositoryRoot)
    if (stale !== undefined) {
      context.skip(`the quickstart would run npm ci in this checkout, under the other tests (${stale})`)
    }
    const user = await world().user()
    for (const _run of ['first', 'second']) {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['scripts/quickstart.mjs'], {
        cwd: repositoryRoot,
        env: {
          PATH: process.env['PATH'],
          HOME: user.home,
          AZL_VM_HOME: user.home,
          LIBVIRT_DEFAULT_URI: world().daemon.uri,
        },
      })
      expect(stdout + stderr).toMatch(/What the firmware shows the guest/)
      expect(stdout + stderr).toMatch(/removed +the machine and all that it made/)
      expect(await world().leftBehind()).toEqual([])
    }
  })
})
