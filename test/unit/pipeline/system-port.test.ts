/** `up` on machines whose system has a serial port of its own. */
import { symlinkSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { createProbeReader } from 'boot-probe'
import { afterEach, expect, test, vi } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import { withSystemPort } from '../../support/memory-provider.ts'
import { usual, type GuestScript } from '../../support/played-guest.ts'
import { probeSpec } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

const arm = 'arch: aarch64'
const goingOff = probeSpec('box', 'poweroff', 'provider: memory', arm)

const worldWithPort = (guest: GuestScript = usual): Promise<PipelineWorld> =>
  world({ capabilities: withSystemPort, guest })

/** Says less on the system's port than on the firmware's. */
const sayingThere =
  (isSaid: (text: string) => boolean): GuestScript =>
  async (boot) => {
    await usual({ ...boot, writeSystem: (text) => (isSaid(text) ? boot.writeSystem(text) : Promise.resolve()) })
  }

const warnings = (here: PipelineWorld): readonly string[] =>
  here.events.flatMap((event) => (event.type === 'warning' && event.code === 'system-port' ? [event.message] : []))

/** How the probe's report stands in a transcript. */
async function reportIn(file: string): Promise<string> {
  const reader = createProbeReader()
  reader.feed(await readFile(file))
  return reader.state
}

afterEach(() => {
  vi.useRealTimers()
})

test('both ports are heard from the first byte, each in a transcript of its own', async () => {
  const here = await worldWithPort()
  const { evidenceDir, probe } = await here.up(waiting(arm))
  expect(probe).toMatchObject({ arch: 'aarch64' })
  expect(await readdir(evidenceDir)).toEqual(expect.arrayContaining(['serial.log', 'system.log']))
  for (const name of ['serial.log', 'system.log']) expect(await reportIn(`${evidenceDir}/${name}`)).toBe('complete')
  expect(await readFile(`${evidenceDir}/serial.log`, 'latin1')).toContain('BdsDxe')
  expect(await readFile(`${evidenceDir}/system.log`, 'latin1')).not.toContain('BdsDxe')
  expect(warnings(here)).toEqual([])
  // Nobody holds a port when `up` is done.
  const { serialPorts } = here.hypervisor.byName('box')!
  expect([...serialPorts].map(({ console }) => console)).toEqual([undefined, undefined])
})

test('where firmware and system share a port there is one transcript', async () => {
  const here = await worldWithPort()
  const { evidenceDir } = await here.up(waiting())
  expect(await readdir(evidenceDir)).not.toContain('system.log')
})

test('a machine that was started by a killed `up` is heard from its start, on both ports', async () => {
  const here = await worldWithPort()
  // Of this start, and not of an earlier one.
  await here.up(waiting(arm))
  here.hypervisor.byName('box')!.end('off')
  const entries = await here.upKilledAt(Infinity, waiting(arm))
  expect(entries).toBeGreaterThan(0)
  here.hypervisor.byName('box')!.mark = { ...here.hypervisor.byName('box')!.mark!, phase: 'creating' }
  const { evidenceDir } = await here.up(waiting(arm))
  expect(await reportIn(`${evidenceDir}/system.log`)).toBe('complete')
  expect((await readFile(`${evidenceDir}/system.log`, 'latin1')).match(/"seq":0,/g)).toHaveLength(1)
})

test.each([
  ['nothing', (): boolean => false, 'it is none'],
  ['a line too few', (text: string): boolean => !text.includes('"type":"memory"'), 'line 4 was expected'],
] as const)('a system’s port that says %s is a warning, and the boot came all the way', async (_, isSaid, why) => {
  const here = await worldWithPort(sayingThere(isSaid))
  const result = await here.up(goingOff)
  expect(result).toMatchObject({ action: 'created', bootOutcome: { is: 'left-for' }, probe: { then: 'poweroff' } })
  expect(warnings(here)).toEqual([expect.stringContaining('the boot probe’s report was not heard there')])
  expect(warnings(here).join()).toContain(why)
})

test('a machine that stays on and says nothing there does not keep `up` waiting', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const here = await worldWithPort(sayingThere(() => false))
  const done = new AbortController()
  const upping = here.up(waiting(arm, 'timeouts: { boot: 24h }')).finally(() => {
    done.abort()
  })
  while (!done.signal.aborted) {
    await setImmediate()
    // The report is whole on the firmware's port: what is still waited for is the system's.
    if (here.events.some((event) => event.type === 'boot-stage' && event.stage === 'boot probe'))
      await vi.advanceTimersByTimeAsync(1000)
  }
  expect(await upping).toMatchObject({ action: 'created', probe: { then: 'wait' } })
  expect(warnings(here)).toHaveLength(1)
})

test.skipIf(process.platform !== 'linux')('a full disk under its transcript is a warning, once', async () => {
  const here = await worldWithPort()
  const result = await here.up(waiting(arm), {
    listener: (event) => {
      here.events.push(event)
      if (event.type === 'run-started') symlinkSync('/dev/full', here.environment.home.run(event.runId).systemSerial)
    },
  })
  expect(result).toMatchObject({ action: 'created', probe: { then: 'wait' } })
  expect(warnings(here)).toEqual([expect.stringContaining('ENOSPC')])
})

test('a port that cannot be opened: the machine never ran, and is taken back', async () => {
  const here = await worldWithPort()
  here.hypervisor.fail('openConsole', new AzlVmError('backend-failed', 'no such device'))
  expect(await errorOf(here.up(waiting(arm)))).toMatchObject({ code: 'backend-failed' })
  expect(here.hypervisor.inventory()).toEqual([])
  expect(here.hypervisor.acts).not.toContain('apply start')
})

test('the firmware’s port cannot be opened: the system’s is given back', async () => {
  const here = await worldWithPort()
  let opened = 0
  here.hypervisor.fail('openConsole', () => (++opened === 2 ? new AzlVmError('backend-failed', 'held') : undefined))
  const destroyed = here.hypervisor.hold('undo define')
  const upping = errorOf(here.up(waiting(arm)))
  await destroyed.reached
  expect(here.hypervisor.byName('box')!.serial.system.console).toBeUndefined()
  destroyed.release()
  expect(await upping).toMatchObject({ code: 'backend-failed' })
})
