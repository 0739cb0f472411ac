/** kill -9 of the process that listens to a serial port: the guest goes on, status and logs tell the time between, the console works. */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readNote, recorderFolder, type RecorderNote } from '../../src/recorder/recorder-folder.ts'
import { parentOf } from '../support/parent-of.ts'
import { tellEnd, type ToolWorld } from '../support/tool-world.ts'
import { describeVirtualBoxE2e } from '../support/virtualbox-world.ts'
import { describeVmwareE2e } from '../support/vmware-world.ts'

const gap = /the recorder of the serial port was killed: what the machine said from \S+Z to \S+Z may be missing/

function killsTheRecorder(world: () => ToolWorld): void {
  it('of a machine that is on', async () => {
    const user = await world().user()
    const spec = await world().spec('heard', { source: { probe: { then: 'wait' } } })
    const { machine } = await user.json<{ machine: { ref: { id: string } } }>(['up', spec])
    const folder = recorderFolder(join(user.home, 'state', 'recorders', world().provider), machine.ref.id)
    const note = async (): Promise<RecorderNote> => (await readNote(folder)) ?? expect.fail('no recorder is noted')
    const { pid } = await note()
    // What would begin it again goes first: nobody listens until a command looks.
    process.kill(await parentOf(pid), 'SIGKILL')
    process.kill(pid, 'SIGKILL')
    for (const verb of ['status', 'logs']) {
      const end = await user.run([verb, 'heard'])
      expect(end.stderr, tellEnd(end)).toMatch(gap)
    }
    expect(await user.json(['status', 'heard'])).toMatchObject({
      serialLog: expect.stringMatching(/ at least \(its recorder was killed\), from \S+ until now/) as string,
    })
    const console = user.spawn(['console', 'heard'])
    await console.says('stderr', /connected to heard/)
    console.type('ping after the kill\r')
    await console.says('stdout', /"text":"ping after the kill"/)
    console.kill('SIGINT')
    await console.ended
    // What watches it begins it again by itself.
    const second = (await note()).pid
    process.kill(second, 'SIGKILL')
    await expect.poll(async () => (await note()).pid, { timeout: 30_000 }).not.toBe(second)
    await user.json(['destroy', 'heard'])
    expect(await world().leftBehind()).toEqual([])
  })
}

describeVmwareE2e('kill -9 of the recorder on VMware', killsTheRecorder)
describeVirtualBoxE2e('kill -9 of the recorder on VirtualBox', killsTheRecorder)
