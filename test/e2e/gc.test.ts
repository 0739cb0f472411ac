/** What `gc` leaves alone: work in progress of the same owner, and all that is another owner's. */
import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { until, type ToolProcess } from '../support/e2e-process.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { exists, tellEnd, type User } from '../support/tool-world.ts'

interface Gc {
  readonly items: readonly { readonly what: string; readonly verdict: string; readonly reason: string }[]
  readonly removed: readonly string[]
}

describeE2e('gc', (world) => {
  it('touches neither a running up nor another owner’s machines, and names them', async () => {
    const [alice, bob] = [await world().user(), await world().user()]
    const kill = { act: 'kill', when: 'after', entry: entryOf.doneDisk, file: '' } as const
    const [making, begun] = await Promise.all([
      held(alice, await world().spec('making'), 'making', entryOf.doneAttach),
      held(alice, await world().spec('begun'), 'begun', entryOf.begin),
      bob.run(['up', await world().spec('theirs')], { fault: kill }),
    ])
    const before = await world().leftBehind()

    const gc = await alice.json<Gc>(['gc', '--yes'])
    expect(gc.removed).toEqual([])
    expect(gc.items).toContainEqual(expect.objectContaining({ what: 'machine making', reason: 'creating, off' }))
    expect(gc.items).toContainEqual(expect.objectContaining({ what: 'state of begun', verdict: 'in-use' }))
    expect(gc.items).toContainEqual(
      expect.objectContaining({
        what: 'machine theirs',
        verdict: 'foreign',
        reason: 'was made by another user, computer or AZL_VM_HOME',
      }),
    )
    expect(await world().leftBehind()).toEqual(before)
    expect(await alice.stateFolders()).toHaveLength(2)

    begun.kill('SIGKILL')
    await writeFile(goOn(alice, 'making'), '')
    const end = await making.ended
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect((await alice.json<Gc>(['gc', '--yes'])).removed).toEqual(['state of begun'])
    expect((await bob.json<Gc>(['gc', '--yes'])).removed).toContain('machine theirs')
    expect(await alice.run(['destroy', 'making'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('takes an expired machine, lists it first, and asks where nothing was said', async () => {
    const user = await world().user()
    const spec = await world().spec('brief', { expires: '1s', source: { probe: { then: 'wait' } } })
    await user.json(['up', spec])
    // Booting took longer than a second; asked anew until it did.
    await until('the machine has expired', async () => {
      const { items } = await user.json<Gc>(['gc', '--dry-run'])
      return items.some(({ verdict }) => verdict === 'collect') ? true : undefined
    })
    const unasked = await user.run(['gc'])
    expect(unasked.exitCode, tellEnd(unasked)).toBe(2)
    expect(unasked.stderr).toMatch(/machine brief/)
    expect(unasked.stderr).toMatch(/--yes/)
    expect((await user.json<Gc>(['gc', '--yes'])).removed).toContain('machine brief')
    expect(await world().leftBehind()).toEqual([])
  })
})

/** Begin; then intent and done of define, pool, disk-0, attach-installer. */
const entryOf = { begin: 1, doneDisk: 7, doneAttach: 9 } as const

const goOn = (user: User, name: string): string => `${user.home}.${name}`

async function held(user: User, spec: string, name: string, entry: number): Promise<ToolProcess> {
  const tool = user.spawn(['up', spec], { fault: { act: 'hold', when: 'after', entry, file: goOn(user, name) } })
  await until(`the up of ${name} stands still`, () => exists(`${goOn(user, name)}.held`))
  return tool
}
