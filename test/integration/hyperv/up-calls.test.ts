/** What one `up` asks of Hyper-V: each call is there for a reason, and one more is a choice, not an accident. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asCounts } from '../../support/calls-of-up.ts'
import { buildTool } from '../../support/e2e-build.ts'
import { ToolProcess } from '../../support/e2e-process.ts'
import { callsOfUp, countCalls, countedSpec, takeCallTrace } from '../../support/hyperv-calls.ts'
import { missingForSimulator, startHyperVSimulator } from '../../support/hyperv-simulator.ts'

const missing = await missingForSimulator()

test.skipIf(missing !== undefined)(
  `up is one PowerShell process, and exactly the calls of the list${missing === undefined ? '' : ` [skipped: ${missing}]`}`,
  async () => {
    const [tool, simulator] = await Promise.all([buildTool(), startHyperVSimulator({ traceCalls: true })])
    const home = await mkdtemp(join(tmpdir(), 'azl-calls-'))
    try {
      const spec = join(home, 'counted.yaml')
      await writeFile(spec, countedSpec('counted'))
      const env = { ...simulator.env, HOME: home, AZL_VM_HOME: home }
      const started = new ToolProcess({ command: [process.execPath, tool.cli, 'up', spec], cwd: home, env })
      started.endInput()
      expect(await started.ended).toMatchObject({ exitCode: 0 })
      const trace = await takeCallTrace(simulator)
      expect(trace.processes.map(({ what }) => what)).toEqual(['worker.ps1'])
      expect(countCalls(trace)).toEqual(asCounts(callsOfUp))
    } finally {
      await simulator.stop()
      await tool.remove()
      await rm(home, { recursive: true })
    }
  },
  900_000,
)
