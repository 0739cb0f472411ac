/** The plan, and the same plan run by hand: the probe sees the same machine. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createProbeReader, type ProbeReport } from 'boot-probe'
import { expect, it } from 'vitest'
import { until } from '../support/e2e-process.ts'
import { describeE2e, tellEnd } from '../support/e2e-world.ts'

const run = promisify(execFile)

const machine = {
  cpus: 2,
  disks: [{ size: '64MiB' }, { size: '96MiB' }],
  firmware: { tpm: true },
  networks: [{ mac: '52:54:00:0a:0b:0c' }, { mode: 'isolated', mac: '52:54:00:0a:0b:0d' }],
}

describeE2e('plan', (world) => {
  it('prints each operation, the domain in libvirt’s own words, and makes nothing', async () => {
    const user = await world().user()
    const end = await user.run(['plan', await world().spec('shown', { machine })])
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
    const file = world().path('by-hand.sh')
    const emitted = await user.run(['plan', await world().spec('by-hand', { machine }), '--emit', 'sh', '--out', file])
    expect(emitted.exitCode, tellEnd(emitted)).toBe(0)
    const [byUp] = await Promise.all([
      user.json<{ probe: ProbeReport }>(['up', await world().spec('by-up', { machine })]),
      run('sh', [file]),
    ])
    const byHand = await until('the probe of the machine by hand ends', async () => {
      const isOff = (await world().virsh('domstate', 'by-hand')).trim() === 'shut off'
      return isOff ? await serialReport() : undefined
    })
    expect(neutral(byHand)).toEqual(neutral(byUp.probe))
    await user.json(['destroy', 'by-up'])

    const made = await world().leftBehind()
    expect((await user.run(['ls', '--foreign'])).stdout).toMatch(/^no machines/)
    expect(await user.json(['gc', '--yes'])).toMatchObject({ items: [], removed: [] })
    expect(await user.run(['destroy', 'by-hand'])).toMatchObject({ exitCode: 2 })
    const taken = await user.run(['up', await world().spec('by-hand', { machine })])
    expect(taken.exitCode, tellEnd(taken)).toBe(4)
    expect(taken.stderr).toMatch(/there is already a machine "by-hand".*was not made by azl-vm/)
    expect(await world().leftBehind()).toEqual(made)

    await run('sh', ['-c', removalCommands(await readFile(file, 'utf8'))], {
      env: { ...process.env, LIBVIRT_DEFAULT_URI: world().daemon.uri },
    })
    expect(await world().leftBehind()).toEqual([])
  })

  async function serialReport(): Promise<ProbeReport | undefined> {
    await world().virsh('pool-refresh', 'by-hand-by-hand')
    const log = world().path('by-hand.log')
    await world().virsh('vol-download', '--pool', 'by-hand-by-hand', 'serial.log', log)
    const reader = createProbeReader()
    reader.feed(await readFile(log, 'utf8'))
    // virtlogd may still be writing.
    return reader.report
  }
})

/** Without what each machine has of its own. */
function neutral(report: ProbeReport): unknown {
  // The firmware's heap is a page larger or smaller from boot to boot.
  return { ...report, system: { ...report.system, uuid: '' }, memory: { ...report.memory, freeBytes: 0 } }
}

/** The commented lines below "To remove it", as a person would type them. */
function removalCommands(script: string): string {
  const [, below = ''] = script.split('# To remove it:\n')
  const commands = below.split('\n').filter((line) => line.startsWith('#   '))
  expect(commands.length).toBeGreaterThan(1)
  return commands.map((line) => line.slice('#   '.length)).join('\n')
}
