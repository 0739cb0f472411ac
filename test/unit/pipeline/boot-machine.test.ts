import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { AzlVmError } from '../../../src/errors.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import { ensureProbeIso } from '../../../src/media/probe-iso.ts'
import { allCapabilities } from '../../support/memory-provider.ts'
import { silent } from '../../support/played-guest.ts'
import { errorOf, waiting, world } from './pipeline-world.ts'

/** Its serial port cannot be let go of. */
function stuck(provider: Provider): Provider {
  const openConsole = provider.openConsole.bind(provider)
  return Object.assign(provider, {
    openConsole: async (...args: Parameters<typeof openConsole>) => {
      const handle = await openConsole(...args)
      const close = async () => {
        await handle.close()
        throw new Error('the wire is stuck')
      }
      return { ended: handle.ended, write: handle.write.bind(handle), close }
    },
  })
}

async function worldWithStuckPort() {
  const here = await world()
  const open = here.hypervisor.open.bind(here.hypervisor)
  here.hypervisor.open = () => stuck(open())
  const warnings = () => here.events.filter(({ type }) => type === 'warning')
  return { here, warnings }
}

test('a serial port that cannot be closed is told and fails no boot', async () => {
  const { here, warnings } = await worldWithStuckPort()
  expect(await here.up()).toMatchObject({ bootOutcome: { is: 'left-for' } })
  expect(warnings()).toContainEqual(expect.objectContaining({ message: 'the wire is stuck' }))
})

test('a serial port that cannot be closed hides no failure of the boot', async () => {
  const { here, warnings } = await worldWithStuckPort()
  here.hypervisor.fail('apply start', new AzlVmError('host-not-ready', 'no power'))
  const error = await errorOf(here.up(waiting()))
  expect(error.message).toContain('no power')
  expect(warnings()).toContainEqual(expect.objectContaining({ message: 'the wire is stuck' }))
})

const probeLines = ['version: 1', 'name: box', 'source: { probe: { then: wait } }']
const silentFirmware = { console: { ...allCapabilities.console, firmwareSpeaks: false }, hostEvents: true }
const noted = (text: string, refused?: 'secure-boot') => ({ at: new Date().toISOString(), text, refused })

test('a silent firmware and a silent guest are no failure, and there is a picture of the screen', async () => {
  const here = await world({ capabilities: silentFirmware, guest: silent })
  const binary = await here.environment.probeBinary('x86_64')
  const { path } = await ensureProbeIso(here.folder, { arch: 'x86_64', then: 'wait', binary })
  const lines = ['version: 1', 'name: box', `source: { iso: ${path} }`, 'timeouts: { boot: 1s }']
  const result = await here.up(lines.join('\n'))
  expect(result).toMatchObject({ bootOutcome: { is: 'unheard' }, machine: { state: 'running' } })
  expect(await readdir(result.evidenceDir)).toContain('screenshot.png')
})

test('where nothing was heard and Secure Boot is on, that is named: the firmware may have refused the medium', async () => {
  const here = await world({ capabilities: silentFirmware, guest: silent })
  const secured = ['timeouts: { boot: 1s }', 'machine: { firmware: { secureBoot: true } }']
  const probe = await errorOf(here.up([...probeLines, ...secured].join('\n')))
  expect(probe).toMatchObject({
    code: 'timed-out',
    hint: expect.stringMatching(/Secure Boot is on.*secureBoot: false/) as string,
  })
  const binary = await here.environment.probeBinary('x86_64')
  const { path } = await ensureProbeIso(here.folder, { arch: 'x86_64', then: 'wait', binary })
  const { bootOutcome } = await here.up(['version: 1', 'name: iso', `source: { iso: ${path} }`, ...secured].join('\n'))
  expect(bootOutcome?.evidence).toEqual([expect.any(String), expect.stringContaining('Secure Boot is on')])
})

test('what the hypervisor notes of a boot that failed ends the wait, and all that it noted is evidence', async () => {
  const here = await world({ capabilities: silentFirmware, guest: silent })
  here.hypervisor.events.push(noted('18601: it booted'), noted('18604: it did not', 'secure-boot'), noted('18502: off'))
  const error = await errorOf(here.up(waiting()))
  expect(error).toMatchObject({ code: 'boot-refused', why: 'secure-boot' })
  expect(error.evidence).toEqual(['18604: it did not', '18601: it booted', '18502: off'])
})

test('an event that tells of no failure ends no wait', async () => {
  const here = await world({ capabilities: silentFirmware })
  here.hypervisor.events.push(noted('18601: it booted'))
  expect(await here.up()).toMatchObject({ bootOutcome: { is: 'left-for' }, probe: expect.anything() as object })
})
