/**
 * `kill -9` at each entry of the journal of a real run: whatever was made until then, `destroy` or `gc` takes away,
 * also without the state folder, and `up` goes on.
 */
import { randomInt } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../support/e2e-process.ts'
import { describeE2e, type World } from '../support/e2e-world.ts'
import { tellEnd, type JournalFault, type SpecParts, type User } from '../support/tool-world.ts'

/** What `up` of the machine below writes, and so where it can be killed; the first test compares. */
const entries = [
  'begin',
  ...['define', 'pool', 'disk-0', 'attach-installer', 'start', 'forward'].flatMap((operation) => [
    `intent ${operation}`,
    `done ${operation}`,
  ]),
  'end',
]
const withTpm = { machine: { firmware: { tpm: true } } }
/** Stays on: a machine that goes off before the next `up` comes is another case. */
const waiting = { ...withTpm, source: { probe: { then: 'wait' } } }

describeE2e('an azl-vm that is killed with -9', (world) => {
  it('has a journal with an entry before and after each act', async () => {
    const user = await world().user()
    await user.run(['up', await world().spec('whole', withTpm)])
    const journal = await user.journal('whole')
    expect(journal.map(({ entry, operation }) => [entry, operation].filter(Boolean).join(' '))).toEqual(entries)
    expect((await user.run(['destroy', 'whole'])).exitCode).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })

  for (const [index, entry] of entries.entries()) {
    it(`leaves nothing that destroy and gc do not find, with and without its state, killed at "${entry}"`, async () => {
      const points = [
        // Before an intent nothing has happened since the entry before it: that point is its `after`.
        ...(entry.startsWith('intent') ? [] : [{ when: 'before', isStateKept: index % 4 === 0 } as const]),
        { when: 'after', isStateKept: true },
        { when: 'after', isStateKept: false },
      ] as const
      const killed = await Promise.all(
        points.map(async ({ when, isStateKept }, at) => {
          const user = await world().user()
          const name = `k${index}-${when}-${isStateKept ? 'kept' : 'lost'}`
          await killUp(world(), user, name, { when, entry: index + 1 })
          if (!isStateKept) await user.forget()
          // Both ways to be rid of it, each with and without the state.
          return { user, name, way: (at + index) % 2 === 0 ? ('destroy' as const) : ('gc' as const) }
        }),
      )
      await Promise.all(killed.map(({ user, name, way }) => beRid(world(), user, name, way)))
      expect(await world().leftBehind()).toEqual([])
      for (const { user } of killed) expect(await user.stateFolders()).toEqual([])
    })
  }

  it.each([
    ['nothing is made yet', 'before', 'intent define', 'created'],
    ['the domain is defined and nobody wrote that down', 'before', 'done define', 'continued'],
    ['the machine runs and nobody wrote that down', 'before', 'done start', 'continued'],
    ['the guest boots', 'after', 'done forward', 'continued'],
  ] as const)('is gone on with by the next up where %s', async (_title, when, entry, action) => {
    const user = await world().user()
    const name = `again-${entries.indexOf(entry)}-${when}`
    const spec = await killUp(world(), user, name, { when, entry: entries.indexOf(entry) + 1 }, waiting)
    const result = await user.json<{ action: string; probe: unknown }>(['up', spec])
    expect(result).toMatchObject({ action, probe: { tpm: { isPresent: true } } })
    expect(await user.run(['destroy', name])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
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
    await Promise.all(users.map(({ user, name }) => beRid(world(), user, name, 'gc')))
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

async function killUp(
  world: World,
  user: User,
  name: string,
  at: Pick<JournalFault, 'when' | 'entry'>,
  parts: SpecParts = withTpm,
): Promise<string> {
  const spec = await world.spec(name, parts)
  const ended = await user.run(['up', spec], { fault: { act: 'kill', file: '', ...at } })
  expect(ended.signal, tellEnd(ended)).toBe('SIGKILL')
  return spec
}

/** A machine that is finished goes only when it is named, and one that is not there cannot be named. */
async function beRid(world: World, user: User, name: string, way: 'destroy' | 'gc'): Promise<void> {
  const isThere = (await world.machineNames()).includes(name)
  if (!isThere || way === 'gc') {
    const { items } = await user.json<Gc>(['gc', '--yes'])
    if (!items.some(({ what, verdict }) => what === `machine ${name}` && verdict === 'finished')) return
  }
  const destroyed = await user.run(['destroy', name])
  expect(destroyed.exitCode, tellEnd(destroyed)).toBe(0)
}

interface Gc {
  readonly items: readonly { readonly what: string; readonly verdict: string }[]
}
