/** `kill -9` of an `up` on KVM, at each entry of its journal and at any moment: nothing stays that is not found. */
import { randomInt } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../support/e2e-process.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { beRid, testKillPoints } from '../support/kill-points.ts'
import type { User } from '../support/tool-world.ts'

describeE2e('an azl-vm that is killed with -9', (world) => {
  testKillPoints({
    world,
    operations: ['define', 'pool', 'disk-0', 'attach-installer', 'start', 'forward'],
    parts: { machine: { firmware: { tpm: true } } },
    seen: { tpm: { isPresent: true } },
    continued: [
      ['nothing is made yet', ['before', 'intent define'], 'created'],
      ['the domain is defined and nobody wrote that down', ['before', 'done define'], 'continued'],
      ['the machine runs and nobody wrote that down', ['before', 'done start'], 'continued'],
      ['the guest boots', ['after', 'done forward'], 'continued'],
    ],
  })

  it('leaves nothing that gc does not find, killed at any moment', async () => {
    const seed = Number(process.env['AZL_VM_TEST_SEED'] ?? randomInt(2 ** 31))
    console.log(`AZL_VM_TEST_SEED=${seed}`)
    const random = generator(seed)
    const moments = Array.from({ length: 4 }, () => Math.floor(random() * wholeRunBytes))
    const users = await Promise.all(
      moments.map(async (bytes, at) => {
        const user = await world().user()
        const name = `moment-${at}`
        const tool = user.spawn(['up', await world().spec(name)])
        await until(`${bytes} bytes of journal and serial port`, async () => {
          return tool.isEnded || (await writtenBytes(user, name)) >= bytes ? true : undefined
        })
        tool.kill('SIGKILL')
        await tool.ended
        if (at % 2 === 0) await user.forget()
        return { user, name }
      }),
    )
    await Promise.all(users.map(({ user, name }) => beRid(world(), { user, name, way: 'gc' })))
    expect(await world().leftBehind()).toEqual([])
  })
})

/** About what the journal (3.5 kB) and the probe's serial port (5 kB) come to. */
const wholeRunBytes = 8000

async function writtenBytes(user: User, name: string): Promise<number> {
  const journal = await readFile(user.journalFile(name), 'utf8').catch(() => '')
  const runId = /"runId":"([^"]+)"/.exec(journal)?.[1]
  if (runId === undefined) return journal.length
  const serial = await stat(join(user.home, 'runs', runId, 'serial.log')).catch(() => undefined)
  return journal.length + (serial?.size ?? 0)
}

/** mulberry32: small, seeded, good enough to choose moments. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
