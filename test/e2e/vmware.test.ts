/** azl-vm on VMware as a user runs it, by the stand-in of VMware's tools. */
import { expect, it } from 'vitest'
import { tellEnd } from '../support/tool-world.ts'
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
