/** What holds of every provider's `up`: killed with -9 at an entry of its journal, it leaves nothing that is not found. */
import { expect, it } from 'vitest'
import { tellEnd, type JournalFault, type SpecParts, type ToolWorld, type User } from './tool-world.ts'

export interface KillPoints {
  readonly world: () => ToolWorld
  /** Of the plan, in their order. */
  readonly operations: readonly string[]
  /** Of the machine that is made. */
  readonly parts: SpecParts
  /** Of what the probe sees in it. */
  readonly seen: object
  /** Where the next `up` goes on, and what it then says that it did. */
  readonly continued: readonly (readonly [where: string, point: Point, action: 'created' | 'continued'])[]
}

type Point = readonly [when: JournalFault['when'], entry: string]

interface KilledRun {
  readonly user: User
  readonly name: string
  readonly way: 'destroy' | 'gc'
}

/** Tests of an `up` that is killed at each entry of its journal. */
export function testKillPoints({ world, operations, parts, seen, continued }: KillPoints): void {
  const entries = entriesOf(operations)

  it('has a journal with an entry before and after each act', async () => {
    const user = await world().user()
    await user.run(['up', await world().spec('whole', parts)])
    const journal = await user.journal('whole')
    expect(journal.map(({ entry, operation }) => [entry, operation].filter(Boolean).join(' '))).toEqual(entries)
    await destroy(user, 'whole')
    expect(await world().changes()).toEqual(none)
  })

  testLeavesNothing({ world, operations, parts }, entries)

  it.each(continued)('is gone on with by the next up where %s', async (_where, [when, entry], action) => {
    const user = await world().user()
    const name = `again-${entries.indexOf(entry)}-${when}`
    // Stays on: a machine that goes off before the next `up` comes is another case.
    const spec = await killUp({ world, operations, parts }, user, name, [when, entry], {
      source: { probe: { then: 'wait' } },
    })
    const result = await user.json<{ action: string; probe: unknown }>(['up', spec])
    expect(result).toMatchObject({ action, probe: seen })
    await destroy(user, name)
    expect(await world().changes()).toEqual(none)
  })
}

type KilledUp = Pick<KillPoints, 'world' | 'operations' | 'parts'>

function entriesOf(operations: readonly string[]): readonly string[] {
  return ['begin', ...operations.flatMap((operation) => [`intent ${operation}`, `done ${operation}`]), 'end']
}

async function killUp(
  { world, operations, parts }: KilledUp,
  user: User,
  name: string,
  [when, entry]: Point,
  more: SpecParts = {},
): Promise<string> {
  const spec = await world().spec(name, { ...parts, ...more })
  const at = entriesOf(operations).indexOf(entry) + 1
  const ended = await user.run(['up', spec], { fault: { act: 'kill', when, entry: at, file: '' } })
  expect(ended.signal, tellEnd(ended)).toBe('SIGKILL')
  return spec
}

/** Killed at each of these entries; before `done start` nothing boots. */
export function testLeavesNothing(up: KilledUp, killedAt: readonly string[]): void {
  const { world, operations } = up
  it.each(killedAt)('leaves nothing that destroy and gc do not find, killed at "%s"', async (entry) => {
    const index = entriesOf(operations).indexOf(entry)
    const killed = await Promise.all(
      pointsAt(entry).map(async ({ when, isStateKept }, at): Promise<KilledRun> => {
        const user = await world().user()
        const name = `k${index}-${when}-${isStateKept ? 'kept' : 'lost'}`
        await killUp(up, user, name, [when, entry])
        if (!isStateKept) await user.forget()
        // By turns: each act is undone both ways, each way with and without the state.
        return { user, name, way: (at + (index >> 1)) % 2 === 0 ? 'destroy' : 'gc' }
      }),
    )
    await Promise.all(killed.map((run) => beRid(world(), run)))
    expect(await world().changes()).toEqual(none)
    for (const { user } of killed) expect(await user.stateFolders()).toEqual([])
  })
}

const none = { came: [], gone: [] }

/**
 * Before an intent and after the entry before it the same is there, and after a `done` the same as before it; to whom
 * has lost the journal, all that lies between two acts is one.
 */
function pointsAt(entry: string): readonly { readonly when: JournalFault['when']; readonly isStateKept: boolean }[] {
  const after = { when: 'after', isStateKept: true } as const
  return entry.startsWith('intent')
    ? [after]
    : [
        { ...after, when: 'before' },
        { ...after, isStateKept: false },
      ]
}

/** A machine that is finished goes only when it is named, and one that is not there cannot be named. */
export async function beRid(world: ToolWorld, { user, name, way }: KilledRun): Promise<void> {
  if (way === 'gc' || !(await world.machineNames()).includes(name)) {
    const { items } = await user.json<Gc>(['gc', '--yes'])
    if (!items.some(({ what, verdict }) => what === `machine ${name}` && verdict === 'finished')) return
  }
  await destroy(user, name)
}

async function destroy(user: User, name: string): Promise<void> {
  const destroyed = await user.run(['destroy', name])
  expect(destroyed.exitCode, tellEnd(destroyed)).toBe(0)
}

interface Gc {
  readonly items: readonly { readonly what: string; readonly verdict: string }[]
}
