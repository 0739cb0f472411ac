import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createProbeReader } from 'boot-probe'
import { expect, test } from 'vitest'
import { mintRunId } from '../../../src/provider/mark.ts'
import { runMain } from '../../support/run-cli.ts'
import { world, type PipelineWorld } from '../pipeline/pipeline-world.ts'

const serial = new URL('../../../packages/boot-probe/test/fixtures/q35-tpm-nvme-virtio.serial.txt', import.meta.url)

/** A run that ended well, as `up` keeps it; returns its id. */
async function keepRun({ environment }: PipelineWorld, provider: string, secureBoot: boolean): Promise<string> {
  const reader = createProbeReader()
  reader.feed(await readFile(serial))
  const runId = mintRunId(environment.owner, environment.processes.self, environment.now())
  const file = environment.home.run(runId).report
  const report = {
    provider,
    host: 'local',
    machine: { ref: { name: 'azl4' } },
    probe: { ...reader.report, secureBoot },
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(report))
  return runId
}

test('each value of compare stands below the machine that it is of', async () => {
  const here = await world()
  const runs = [await keepRun(here, 'kvm', false), await keepRun(here, 'vmware', true)]
  const { environment } = here
  const { stdout } = await runMain(['compare', ...runs], { app: { environment: async () => environment } })
  const [head = '', row = ''] = stdout.split('\n')
  expect(row).toMatch(/^Secure Boot +off +on$/)
  expect([head.indexOf('azl4@kvm'), head.indexOf('azl4@vmware')]).toEqual([row.indexOf('off'), row.indexOf('on')])
})
