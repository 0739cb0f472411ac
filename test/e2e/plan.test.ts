/** The plan, and the same plan run by hand: the probe sees the same machine. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createProbeReader, type ProbeReport } from 'boot-probe'
import { expect, it } from 'vitest'
import { buildProbeIso } from '../../src/media/probe-iso.ts'
import { neutral, removalCommands } from '../support/by-hand.ts'
import { until } from '../support/e2e-process.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { exists, tellEnd, type SpecParts } from '../support/tool-world.ts'
import { repositoryRoot } from '../support/run-cli.ts'

const run = promisify(execFile)

const bridge = 'br-by-hand'
const machine = {
  cpus: 2,
  disks: [{ size: '64MiB' }, { size: '96MiB' }],
  firmware: { tpm: true },
  networks: [
    { mac: '52:54:00:0a:0b:0c' },
    { mode: 'isolated', mac: '52:54:00:0a:0b:0d' },
    { mode: 'host-only', mac: '52:54:00:0a:0b:0e' },
    { mode: 'bridged', mac: '52:54:00:0a:0b:0f' },
  ],
}
const rich = { machine, kvm: { bridge } }

describeE2e('plan', (world) => {
  it('prints each operation, the domain in libvirt’s own words, and makes nothing', async () => {
    const user = await world().user()
    const isolated = { ...machine, networks: machine.networks.slice(0, 2) }
    const end = await user.run(['plan', await world().spec('shown', { machine: isolated })])
    expect(end.exitCode, tellEnd(end)).toBe(0)
    for (const line of ['1. define:', "| <domain type='qemu'>", '| <network>', 'attach-installer:', 'start:']) {
      expect(end.stdout).toContain(line)
    }
    expect(end.stdout).toMatch(/port-22: <known after forward>/)
    expect(end.stdout).not.toMatch(/ASSUMED/)
    expect(await world().leftBehind()).toEqual([])
  })

  it('says that facts are assumed where no host answers', async () => {
    const user = await world().user()
    const env = { LIBVIRT_DEFAULT_URI: `qemu+unix:///system?socket=${world().path('nobody')}` }
    const end = await user.run(['plan', await world().spec('assumed')], { env })
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(end.stdout).toMatch(/^ASSUMED: the host could not be asked/m)
    expect(end.stdout).toMatch(/because: no libvirt answers at/)
    const script = await user.run(['plan', await world().spec('assumed'), '--emit', 'sh'], { env })
    expect(script.stdout).toMatch(/^# ASSUMED: /m)
  })

  it('emits a script that makes the machine that up makes, foreign to azl-vm, and says how to remove it', async () => {
    const user = await world().user()
    await world().inNetwork('ip', 'link', 'add', bridge, 'type', 'bridge')
    const file = world().path('by-hand.sh')
    const iso = await probeIso(`it's "an" ISO $(touch canary).iso`)
    const spec = await world().spec('by-hand', { ...rich, source: { iso } })
    const emitted = await user.run(['plan', spec, '--emit', 'sh', '--out', file])
    expect(emitted.exitCode, tellEnd(emitted)).toBe(0)
    const [byUp] = await Promise.all([
      user.json<{ probe: ProbeReport }>(['up', await world().spec('by-up', rich)]),
      run('sh', [file], { cwd: world().folder }),
    ])
    const byHand = await until('the probe of the machine by hand ends', async () => {
      const isOff = (await world().virsh('domstate', 'by-hand')).trim() === 'shut off'
      return isOff ? await serialReport('by-hand') : undefined
    })
    expect(await exists(world().path('canary'))).toBeUndefined()
    expect(neutral(byHand)).toEqual(neutral(byUp.probe))
    await user.json(['destroy', 'by-up'])

    const made = await world().leftBehind()
    expect((await user.run(['ls', '--foreign'])).stdout).toMatch(/^no machines/)
    expect(await user.json(['gc', '--yes'])).toMatchObject({ items: [], removed: [] })
    expect(await user.run(['destroy', 'by-hand'])).toMatchObject({ exitCode: 2 })
    const taken = await user.run(['up', spec])
    expect(taken.exitCode, tellEnd(taken)).toBe(4)
    expect(taken.stderr).toMatch(/there is already a machine "by-hand".*was not made by azl-vm/)
    expect(await world().leftBehind()).toEqual(made)

    await removeByHand(file)
    expect(await world().leftBehind()).toEqual([])
  })

  it('emits a script whose firmware refuses the unsigned probe with Secure Boot on, and one for aarch64', async () => {
    const user = await world().user()
    const scriptOf = async (name: string, more: SpecParts): Promise<string> => {
      const file = world().path(`${name}.sh`)
      const end = await user.run(['plan', await world().spec(name, more), '--emit', 'sh', '--out', file])
      expect(end.exitCode, tellEnd(end)).toBe(0)
      await run('sh', [file])
      return file
    }
    const scripts = await Promise.all([
      scriptOf('secure', { machine: { firmware: { secureBoot: true } } }),
      scriptOf('arm', { arch: 'aarch64', machine: { cpus: 2, networks: [{ mac: '52:54:00:0a:0c:01' }] } }),
    ])
    await until('the firmware refuses the probe', async () =>
      /BdsDxe: failed to load .*Access Denied/.test(await serialLog('secure')) ? true : undefined,
    )
    expect(await serialLog('secure')).not.toMatch(/"type":"/)
    const byHand = await until('the probe on aarch64 ends', () => serialReport('arm'))
    expect(byHand).toMatchObject({
      arch: 'aarch64',
      processors: 2,
      memory: { ramBytes: 256 * 1024 ** 2 },
      nics: [{ mac: '52:54:00:0a:0c:01' }],
    })
    for (const script of scripts) await removeByHand(script)
    expect(await world().leftBehind()).toEqual([])
  })

  async function probeIso(name: string): Promise<string> {
    const binary = await readFile(join(repositoryRoot, 'packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
    return await world().write(name, buildProbeIso({ arch: 'x86_64', then: 'poweroff', binary }))
  }

  async function removeByHand(script: string): Promise<void> {
    await run('sh', ['-c', removalCommands(await readFile(script, 'utf8'))], {
      env: { ...process.env, LIBVIRT_DEFAULT_URI: world().daemon.uri },
    })
  }

  async function serialLog(name: string): Promise<string> {
    const pool = `by-hand-${name}`
    await world().virsh('pool-refresh', pool)
    const log = world().path(`${name}.log`)
    await world().virsh('vol-download', '--pool', pool, 'serial.log', log)
    return await readFile(log, 'utf8')
  }

  async function serialReport(name: string): Promise<ProbeReport | undefined> {
    const reader = createProbeReader()
    reader.feed(await serialLog(name))
    // virtlogd may still be writing.
    return reader.report
  }
})
