/** azl-vm on VMware as a user runs it, by the stand-in of VMware's tools. */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ProbeReport } from 'boot-probe'
import { expect, it } from 'vitest'
import { hearProbe, neutral, removalCommands, settingsOfVmx } from '../support/by-hand.ts'
import { exists, tellEnd } from '../support/tool-world.ts'
import { describeVmwareE2e } from '../support/vmware-world.ts'

describeVmwareE2e('azl-vm on VMware', (world) => {
  it('makes a machine, boots the probe in it, finds it again, and takes it away', async () => {
    const user = await world().user()
    const spec = await world().spec('azl4', {
      source: { probe: { then: 'wait' } },
      machine: {
        cpus: 2,
        disks: [{ size: '64MiB' }, { size: '96MiB' }],
        networks: [{ mode: 'nat' }, { mode: 'isolated' }],
      },
    })
    const result = await user.json(['up', spec])
    expect(result).toMatchObject({
      action: 'created',
      machine: { state: 'running', tpm: false },
      probe: {
        secureBoot: false,
        processors: 2,
        memoryBytes: 256 * 1024 ** 2,
        disks: [
          { sizeBytes: 64 * 1024 ** 2, bus: 'nvme' },
          { sizeBytes: 96 * 1024 ** 2, bus: 'nvme' },
        ],
        droppedBytes: 0,
      },
    })
    expect(await user.json(['up', spec])).toMatchObject({ action: 'unchanged' })
    expect(await user.json(['status', 'azl4'])).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
    const stopped = await user.run(['stop', 'azl4', '--force'])
    expect(stopped.exitCode, tellEnd(stopped)).toBe(0)
    expect(await user.json(['status', 'azl4'])).toMatchObject({ state: 'off', mark: { phase: 'ready' } })
    expect((await user.run(['logs', 'azl4'])).stdout).toContain('"azl":"probe"')
    const destroyed = await user.run(['destroy', 'azl4'])
    expect(destroyed.exitCode, tellEnd(destroyed)).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })

  it('emits a script that makes by hand what up makes, in a folder of any name, and never touches that', async () => {
    const user = await world().user()
    const folder = world().path(`Maschinen für O'Groß & $(touch canary) "x"`)
    await mkdir(folder)
    const parts = {
      source: { probe: { then: 'wait' } },
      storage: { path: folder },
      machine: {
        cpus: 2,
        disks: [{ size: '64MiB' }, { size: '96MiB' }],
        networks: [{ mac: '00:50:56:0a:0b:0c' }, { mode: 'isolated', mac: '00:50:56:0a:0b:0d' }],
      },
    }
    const file = world().path('by-hand.sh')
    const spec = await world().spec('by-hand', parts)
    const emitted = await user.run(['plan', spec, '--emit', 'sh', '--out', file])
    expect(emitted.exitCode, tellEnd(emitted)).toBe(0)
    const { probe } = await user.json<{ probe: ProbeReport }>(['up', await world().spec('by-up', parts)])

    const env = { ...process.env, ...world().env }
    await run('sh', [file], { cwd: world().folder, env })
    expect(await exists(world().path('canary'))).toBeUndefined()
    const settings = await settingsOfVmx(join(folder, 'by-hand', 'by-hand.vmx'))
    expect(settings.own['azlvm.mark']).toBeUndefined()
    expect(neutral(await hearProbe(join(folder, 'by-hand', 'serial0')))).toEqual(neutral(probe))
    expect(settings.shared).toEqual((await settingsOfVmx(join(folder, 'by-up.azl-vm', 'by-up.vmx'))).shared)

    const { items } = await user.json<{ items: readonly { what: string }[] }>(['gc', '--yes'])
    expect(items.filter(({ what }) => what.includes('by-hand'))).toEqual([])
    expect(await user.run(['destroy', 'by-hand'])).toMatchObject({ exitCode: 2 })
    await run('sh', ['-c', removalCommands(await readFile(file, 'utf8'))], { env })
    await user.json(['destroy', 'by-up'])
    expect(await readdir(folder)).toEqual([])
    expect(await world().leftBehind()).toEqual([])
  })

  it('says at the key what VMware cannot, and asks none of its tools to make anything', async () => {
    const user = await world().user()
    const before = await world().standIn.calls()
    const spec = await world().spec('no-tpm', { machine: { firmware: { tpm: true } } })
    const ended = await user.run(['up', spec])
    expect(ended.exitCode, tellEnd(ended)).toBe(2)
    expect(ended.stderr).toMatch(/needs an encrypted machine, whose password every call of vmrun would show/)
    const made = (await world().standIn.calls())
      .slice(before.length)
      .filter(([tool, word]) => tool !== 'vmware' && word !== '-v')
    expect(made).toEqual([])
    expect(await world().leftBehind()).toEqual([])
  })
})

const run = promisify(execFile)
