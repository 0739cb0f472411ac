/** Snapshots and clones as a user has them, and what is left where a command is killed in the middle of one. */
import { expect, it } from 'vitest'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd, type ActFault } from '../support/tool-world.ts'

interface Listed {
  readonly snapshots: readonly { readonly name: string; readonly hasMemory: boolean; readonly isCurrent: boolean }[]
}

describeE2e('snapshots and clones', (world) => {
  it('a running machine is held, changed, cloned and brought back; its base goes last and nothing is left', async () => {
    const user = await world().user()
    const spec = await world().spec('box', {
      source: { probe: { then: 'wait' } },
      machine: { firmware: { tpm: true } },
      expires: '7d',
    })
    await user.json(['up', spec])
    const held = await user.run(['snapshot', 'create', 'box', 'live'])
    expect(held, tellEnd(held)).toMatchObject({ exitCode: 0, stdout: 'box is held as live (disks and memory, TPM)\n' })
    const refused = await user.run(['clone', 'box', 'twin'])
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('--snapshot') as string })
    await user.run(['stop', 'box', '--force'])
    const off = await user.run(['snapshot', 'create', spec, 'Off'])
    expect(off.stdout).toBe('box is held as Off (disks, not the TPM)\n')
    expect(off.stderr).toContain('TPM')
    expect(await user.run(['snapshot', 'create', 'box', 'off'])).toMatchObject({ exitCode: 4 })
    expect(await user.run(['snapshot', 'restore', 'box', 'nothing'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('live, Off') as string,
    })
    expect(await user.run(['snapshot', 'create', 'box', 'a b'])).toMatchObject({ exitCode: 2 })
    const { snapshots } = await user.json<Listed>(['snapshot', 'list', 'box'])
    expect(snapshots.map(({ name, hasMemory, isCurrent }) => [name, hasMemory, isCurrent])).toEqual([
      ['live', true, false],
      ['Off', false, true],
    ])
    const list = await user.run(['snapshot', 'list', 'box'])
    expect(list.stdout).toMatch(/^ +NAME +CREATED +HOLDS +SIZE +AFTER\n +live .*\n\* +Off .* live *\n$/)

    const clone = await user.run(['clone', 'box', 'twin'])
    expect(clone, tellEnd(clone)).toMatchObject({ exitCode: 0 })
    expect((await user.run(['status', 'twin'])).stdout).toMatch(/^clone of +box$/m)
    expect((await user.run(['clone', 'box', 'TWIN'])).exitCode).toBe(4)
    const restored = await user.json<{ state: string; wasOn: boolean }>(['snapshot', 'restore', 'box', 'LIVE'])
    expect(restored).toMatchObject({ state: 'running', wasOn: false })
    const again = await user.json<{ action: string }>(['up', spec])
    expect(again.action).toBe('unchanged')
    const kept = await user.run(['destroy', 'box'])
    expect(kept).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('azl-vm destroy twin') as string })
    expect((await user.run(['status', 'box'])).stdout).toMatch(/^state +running/m)
    expect((await user.run(['gc', '--yes'])).exitCode).toBe(0)
    await user.forget()
    for (const name of ['twin', 'box']) expect((await user.run(['destroy', name])).exitCode).toBe(0)
    expect(await world().leftBehind()).toEqual([])
  })

  it('killed with -9 at any step of a snapshot, a restore, a deletion or a clone, leave nothing that gc and destroy do not find', async () => {
    const user = await world().user()
    await user.json(['up', await world().spec('hit')])
    await user.json(['snapshot', 'create', 'hit', 'first'])
    const verbs: readonly (readonly [ActFault['member'], (at: number) => readonly string[]])[] = [
      ['snapshot', (at) => ['snapshot', 'create', 'hit', `at-${at}`]],
      ['restore', () => ['snapshot', 'restore', 'hit', 'first']],
      ['clone', (at) => ['clone', 'hit', `twin-${at}`]],
      ['deleteSnapshot', () => ['snapshot', 'delete', 'hit', 'first']],
    ]
    for (const [member, argv] of verbs) {
      // Before, between and after what each makes: the contract suite goes through all of them.
      for (const step of [5, 7, 9, 11, 13]) {
        const killed = await user.run(argv(step), { actFault: { member, step } })
        const isKilled = killed.signal === 'SIGKILL'
        expect(isKilled || killed.exitCode === 0 || member === 'deleteSnapshot', tellEnd(killed)).toBe(true)
        if (isKilled) expect((await user.run(['gc', '--yes'])).exitCode).toBe(0)
        const { items } = await user.json<{ items: readonly { readonly verdict: string }[] }>(['gc', '--dry-run'])
        expect(items.filter(({ verdict }) => verdict === 'collect')).toEqual([])
      }
      expect((await user.run(['snapshot', 'list', 'hit'])).exitCode).toBe(0)
    }
    const { machines } = await user.json<{ machines: readonly { readonly ref: { readonly name: string } }[] }>(['ls'])
    for (const name of machines.map(({ ref }) => ref.name).filter((each) => each !== 'hit'))
      expect((await user.run(['destroy', name])).exitCode).toBe(0)
    const gone = await user.run(['destroy', 'hit'])
    expect(gone, tellEnd(gone)).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })
})
