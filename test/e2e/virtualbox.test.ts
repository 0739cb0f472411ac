/** azl-vm on VirtualBox as a user runs it: the real VBoxManage, machines in QEMU. */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ProbeReport } from 'boot-probe'
import { expect, it } from 'vitest'
import { hearProbe, neutral, removalCommands, settingsIn } from '../support/by-hand.ts'
import { exists, tellEnd } from '../support/tool-world.ts'
import { describeVirtualBoxE2e } from '../support/virtualbox-world.ts'

describeVirtualBoxE2e('azl-vm on VirtualBox', (world) => {
  it('makes a machine, boots the probe in it, finds it again, exports it whole, and takes it away', async () => {
    const user = await world().user()
    const spec = await world().spec('azl4', {
      source: { probe: { then: 'wait' } },
      machine: {
        cpus: 2,
        disks: [{ size: '64MiB' }, { size: '96MiB' }],
        networks: [{ mode: 'nat' }, { mode: 'isolated' }],
        firmware: { tpm: true },
      },
    })
    const result = await user.json(['up', spec])
    expect(result).toMatchObject({
      action: 'created',
      machine: { state: 'running', tpm: true },
      probe: {
        secureBoot: false,
        processors: 2,
        memoryBytes: 256 * 1024 ** 2,
        tpm: { isPresent: true },
        disks: [{ sizeBytes: 64 * 1024 ** 2 }, { sizeBytes: 96 * 1024 ** 2 }],
        droppedBytes: 0,
      },
    })
    expect(await user.json(['up', spec])).toMatchObject({ action: 'unchanged' })
    expect(await user.json(['status', 'azl4'])).toMatchObject({ state: 'running', mark: { phase: 'ready' } })
    expect((await user.run(['logs', 'azl4'])).stdout).toContain('"azl":"probe"')
    const file = world().path('azl4.ova')
    expect((await user.run(['export', 'azl4', file])).exitCode, 'of one that runs').toBe(4)
    expect((await user.run(['stop', 'azl4', '--force'])).exitCode).toBe(0)
    const whole = { format: 'ova', sizeBytes: 160 * 1024 ** 2, otherDisks: 0 }
    expect(await user.json(['export', 'azl4', file])).toMatchObject(whole)
    const before = await readFile(file)
    expect((await user.run(['export', 'azl4', file])).exitCode, 'to a name that is taken').toBe(2)
    expect(before.equals(await readFile(file))).toBe(true)
    const destroyed = await user.run(['destroy', 'azl4'])
    expect(destroyed.exitCode, tellEnd(destroyed)).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })

  it('emits a script that makes by hand what up makes, in a folder of any name, and never touches that', async () => {
    const user = await world().user()
    const folder = world().path(`Maschinen für O'Groß & $(touch canary)`)
    await mkdir(folder)
    const parts = {
      source: { probe: { then: 'wait' } },
      storage: { path: folder },
      machine: {
        cpus: 2,
        disks: [{ size: '64MiB' }, { size: '96MiB' }],
        networks: [{ mac: '08:00:27:0a:0b:0c' }, { mode: 'isolated', mac: '08:00:27:0a:0b:0d' }],
        firmware: { tpm: true },
      },
    }
    const file = world().path('by-hand.sh')
    const emitted = await user.run(['plan', await world().spec('by-hand', parts), '--emit', 'sh', '--out', file])
    expect(emitted.exitCode, tellEnd(emitted)).toBe(0)
    const { probe } = await user.json<{ probe: ProbeReport }>(['up', await world().spec('by-up', parts)])

    const env = { ...process.env, ...world().env, LC_ALL: 'C.UTF-8' }
    await run('sh', [file], { cwd: world().folder, env })
    expect(await exists(world().path('canary'))).toBeUndefined()
    expect(neutral(await hearProbe('/tmp/by-hand-by-hand.sock'))).toEqual(neutral(probe))
    const settings = await settingsOf('by-hand')
    expect(settings).toContain('firmware="EFI64"')
    expect(settings).toEqual(await settingsOf('by-up'))

    await user.json(['destroy', 'by-up'])
    const { items } = await user.json<{ items: readonly { provider: string }[] }>(['gc', '--yes'])
    expect(items.filter(({ provider }) => provider === 'virtualbox')).toEqual([])
    expect(await user.run(['destroy', 'by-hand'])).toMatchObject({ exitCode: 2 })
    await run('sh', ['-c', removalCommands(await readFile(file, 'utf8'))], { env })
    expect(await world().leftBehind()).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  async function settingsOf(name: string): Promise<readonly string[]> {
    return settingsIn(await world().virtualBox.play('showvminfo', name, '--machinereadable'))
  }
})

const run = promisify(execFile)
