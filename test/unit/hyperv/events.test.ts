/** Of which time the events of a machine are asked for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventsOf } from '../../../providers/hyperv/events.ts'
import { chooseHost } from '../../../providers/hyperv/host.ts'
import { Session } from '../../../providers/hyperv/session.ts'
import { scriptedWorkerText } from '../../support/scripted-worker.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'

const dayMs = 86_400_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-events-'))
  // An ssh behind which a host's clock is a day ahead; the one event is what was asked for.
  const worker = scriptedWorkerText(`
    process.stdout.write('azl-vm:ready\\n')
    hello({ clock: new Date(Date.now() + ${String(dayMs)}).toISOString() })
    const answer = ({ id, arguments: { since } }) =>
      done(id, { events: [{ at: since, provider: 'p', id: 1, level: 4, record: 1, message: '' }] })
    // Before the requests there is a line for the bootstrap.
    readline.createInterface({ input: process.stdin })
      .on('line', (line) => line.startsWith('{') && answer(JSON.parse(line))).on('close', () => process.exit(0))`)
  await writeFile(join(folder, 'ssh'), `#!${process.execPath}\n${worker}`, { mode: 0o755 })
})
afterAll(() => rm(folder, { recursive: true }))

test('those of another computer are asked for by its clock', async () => {
  const env = { PATH: [folder, process.env['PATH'] ?? ''].join(delimiter) }
  const session = new Session(chooseHost('ssh://hv01'), providerContext({ env }))
  const since = new Date()
  try {
    const watched = { name: 'azl4', vmId: '0e9e7c44-1111-4222-8333-444455556666' }
    const [event] = await eventsOf(session, watched, since, testCall())
    const aheadMs = Date.parse(event?.at ?? '') - since.getTime()
    // Nearly all of an hour less would be the time that a line takes.
    expect(aheadMs).toBeGreaterThan(dayMs - 3_600_000)
    expect(aheadMs).toBeLessThanOrEqual(dayMs)
  } finally {
    await session.close()
  }
})
