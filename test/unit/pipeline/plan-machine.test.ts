import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { emitScript } from '../../../src/commands/emit-script.ts'
import { planText } from '../../../src/commands/plan-text.ts'
import { planMachine } from '../../../src/pipeline/plan-machine.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import { loadText } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

async function planOf(at: PipelineWorld) {
  const { bus } = openVerbRun(at.environment, () => undefined)
  const loaded = await loadText(at.folder, waiting())
  return await planMachine(at.environment, loaded, bus, new AbortController().signal)
}

test('a plan says whether a machine of its name is there, whose it is, and what up would do', async () => {
  const at = await world()
  expect((await planOf(at)).existing).toEqual([])
  await at.up()
  const ours = await planOf(at)
  expect(ours.existing).toMatchObject([{ name: 'box', state: 'running', isOurs: true }])
  expect(planText(ours)).toMatch(/ALREADY THERE: your machine "box" \(running\).*leaves it as it is/)
  await at.destroy('box')
  at.hypervisor.addForeign('BOX')
  expect(planText(await planOf(at))).toMatch(/ALREADY THERE: another’s machine "BOX".*was not made by azl-vm.*refuses/)
})

test('the medium is looked at while the host is asked, which may take seconds', async () => {
  const at = await world()
  const held = at.hypervisor.hold('facts')
  const planning = planOf(at)
  await held.reached
  const folder = join(at.environment.home.cacheDir, 'probe')
  await vi.waitFor(async () => expect(await readdir(folder)).not.toEqual([]))
  held.release()
  expect((await planning).existing).toEqual([])
})

test('a script in a language that the provider has not is refused, and the right one is named', async () => {
  const at = await world()
  const planned = await planOf(at)
  const loaded = await loadText(at.folder, waiting())
  expect((await emitScript(planned, loaded, 'sh')).data).toMatchObject({
    script: expect.stringMatching(/^#!\/bin\/sh/) as string,
  })
  await expect(emitScript(planned, loaded, 'ps1')).rejects.toMatchObject({
    code: 'not-supported',
    message: expect.stringContaining('by hand in shell (sh), not in PowerShell (ps1)') as string,
    hint: 'use --emit sh',
  })
})

test('an interrupt before anything was made says nothing of what is kept, and leaves no record', async () => {
  const at = await world()
  const held = at.hypervisor.hold('apply define')
  const stop = new AbortController()
  const error = errorOf(at.up(waiting(), { signal: stop.signal }))
  await held.reached
  stop.abort()
  held.release()
  expect(await error).toMatchObject({ code: 'cancelled', hint: undefined })
  expect(at.hypervisor.inventory()).toEqual([])
})
