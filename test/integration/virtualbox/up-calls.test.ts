/** What one `up` asks of VBoxManage: each call is there for a reason, and one more is a choice, not an accident. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asCounts } from '../../support/calls-of-up.ts'
import { describeWhere } from '../../support/describe-where.ts'
import { buildTool } from '../../support/e2e-build.ts'
import { ToolProcess } from '../../support/e2e-process.ts'
import { tellEnd } from '../../support/tool-world.ts'
import { callsUntilItIsReady, callsUntilItRuns, countCalls } from '../../support/virtualbox-calls.ts'
import { missingForVirtualBox } from '../../support/virtualbox-manage.ts'
import { playVirtualBox } from '../../support/virtualbox-standin.ts'
import { watchVirtualBox } from '../../support/virtualbox-watched.ts'

const spec = {
  version: 1,
  name: 'counted',
  provider: 'virtualbox',
  source: { probe: { then: 'wait' } },
  machine: { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }] },
}

describeWhere('up on VirtualBox', missingForVirtualBox(), () => {
  test('makes the calls of the list, and no other', async () => {
    const [tool, virtualBox] = await Promise.all([buildTool(), playVirtualBox()])
    const home = await mkdtemp(join(tmpdir(), 'azl-calls-'))
    try {
      const watched = await watchVirtualBox(virtualBox)
      await writeFile(join(home, 'counted.yaml'), JSON.stringify(spec))
      const env = { ...watched.env, AZL_VM_HOME: home }
      const run = async (...words: readonly string[]) => {
        const [file, ...by] = virtualBox.by
        const command = [file, ...by, process.execPath, tool.cli, ...words] as const
        const started = new ToolProcess({ command: [...command], cwd: home, env })
        started.endInput()
        const ended = await started.ended
        expect(ended.exitCode, tellEnd(ended)).toBe(0)
      }
      await run('up', 'counted.yaml')
      const calls = await watched.take()
      const runs = calls.findIndex((words) => words.startsWith('controlvm')) + 1
      expect(countCalls(calls.slice(0, runs))).toEqual(asCounts(callsUntilItRuns))
      expect(countCalls(calls.slice(runs))).toEqual(asCounts(callsUntilItIsReady))
      await run('destroy', 'counted')
    } finally {
      await virtualBox.stop()
      await tool.remove()
      await rm(home, { recursive: true })
    }
  }, 300_000)
})
