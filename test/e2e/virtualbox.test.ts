/** azl-vm on VirtualBox as a user runs it: the real VBoxManage, machines in QEMU. */
import { expect, it } from 'vitest'
import { tellEnd } from '../support/tool-world.ts'
import { describeVirtualBoxE2e } from '../support/virtualbox-world.ts'

describeVirtualBoxE2e('azl-vm on VirtualBox', (world) => {
  it('makes a machine, boots the probe in it, finds it again, and takes it away', async () => {
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
    const destroyed = await user.run(['destroy', 'azl4'])
    expect(destroyed.exitCode, tellEnd(destroyed)).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })
})
