/** kill -9 of an `export` in the middle: never half a file under its name, and nothing that gc or destroy does not find. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd, type ToolWorld } from '../support/tool-world.ts'
import { describeVirtualBoxE2e } from '../support/virtualbox-world.ts'
import { describeVmwareE2e } from '../support/vmware-world.ts'

/** `writtenAt`: the step at which the hypervisor has written the disk, and azl-vm has not moved it out. */
function killsExports(world: () => ToolWorld, format: string, writtenAt: number): void {
  it('leaves no half file, and nothing that gc and destroy do not find', async () => {
    const user = await world().user()
    await user.json(['up', await world().spec('kept')])
    await world().remember()
    const folder = world().path('exported')
    await mkdir(folder)
    const kill = async (step: number | 'end'): Promise<void> => {
      const killed = await user.run(['export', 'kept', join(folder, `disk.${format}`)], {
        actFault: { member: 'exportDisk', step },
      })
      expect(killed.signal, tellEnd(killed)).toBe('SIGKILL')
      expect(await readdir(folder)).not.toContain(`disk.${format}`)
    }
    // At the end the whole disk lies beside its file, which gets its name afterwards.
    for (const step of [writtenAt, 'end'] as const) {
      await kill(step)
      const left = step === 'end' ? await readdir(folder) : (await world().changes()).came
      expect(left).not.toEqual([])
      await user.json(['gc', '--yes'])
      expect([await readdir(folder), await world().changes()], String(step)).toEqual([[], none])
    }
    await kill(writtenAt)
    await user.json(['destroy', 'kept'])
    expect([await readdir(folder), await world().leftBehind()]).toEqual([[], []])
  })
}

const none = { came: [], gone: [] }

describeE2e('kill -9 of an export on KVM', (world) => {
  killsExports(world, 'qcow2', 6)
})
describeVmwareE2e('kill -9 of an export on VMware', (world) => {
  killsExports(world, 'vmdk', 1)
})
describeVirtualBoxE2e('kill -9 of an export on VirtualBox', (world) => {
  killsExports(world, 'vhd', 2)
})
