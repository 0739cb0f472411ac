import { describe, expect, test } from 'vitest'
import { mintRunId, ownerOf, parseRunId } from '../../../src/provider/mark.ts'
import { testCall } from '../../support/test-environment.ts'
import { errorOf, waiting, world, type PipelineWorld } from './pipeline-world.ts'

const day = 24 * 3600 * 1000

function verdicts(items: Awaited<ReturnType<PipelineWorld['gcItems']>>): readonly string[] {
  return items.map(({ what, verdict }) => `${what}: ${verdict}`)
}

describe('gc', () => {
  test('a finished machine is listed and stays, also when its creator is long gone', async () => {
    const here = await world()
    await here.up()
    here.processes.die(here.processes.self.pid)
    here.processes.become(2000)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: finished'])
    expect(await here.gc()).toEqual({ removed: [], kept: [] })
    expect(here.hypervisor.byName('box')?.state).toBe('running')
  })

  test.each(['creating', 'booting', 'destroying'] as const)(
    'a machine in phase %s goes when its process is dead, and is untouched while it lives',
    async (phase) => {
      const here = await world()
      await here.up()
      const machine = here.hypervisor.byName('box')!
      machine.mark = { ...machine.mark!, phase }
      expect(verdicts(await here.gcItems())).toEqual(['machine box: finished'])
      here.processes.die(here.processes.self.pid)
      here.processes.become(2000)
      const [item] = await here.gcItems()
      expect(item).toMatchObject({ verdict: 'collect', reason: expect.stringContaining('pid 1001') as string })
      expect((await here.gc()).removed).toEqual(expect.arrayContaining(['machine box']))
      expect(here.hypervisor.inventory()).toEqual([])
    },
  )

  test('a machine goes once it has expired, not before', async () => {
    const here = await world()
    await here.up(waiting('expires: 7d'))
    here.passTime(7 * day - 3_600_000)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: finished'])
    here.passTime(3_600_000)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: collect'])
    await here.gc()
    expect(here.hypervisor.inventory()).toEqual([])
  })

  test('another owner’s machine is listed and never taken, also when it expired', async () => {
    const here = await world()
    await here.up(waiting('expires: 1h'), { environment: here.as('other') })
    here.passTime(2 * day)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: foreign'])
    await here.gc()
    expect(here.hypervisor.byName('box')).toBeDefined()
  })

  test('another owner’s half-made machine is stale after a day, and stays all the same', async () => {
    const here = await world()
    await here.up(waiting(), { environment: here.as('other') })
    const machine = here.hypervisor.byName('box')!
    machine.mark = { ...machine.mark!, phase: 'creating', created: here.environment.now().toISOString() }
    expect(verdicts(await here.gcItems())).toEqual(['machine box: foreign'])
    here.passTime(day + 1000)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: stale'])
    await here.gc()
    expect(here.hypervisor.byName('box')).toBeDefined()
  })

  test('a copy that was made by hand is not ours', async () => {
    const here = await world()
    const { machine } = await here.up()
    here.hypervisor.copyByHand(machine.ref, 'copy')
    const copy = here.hypervisor.byName('copy')!
    copy.mark = { ...copy.mark!, phase: 'creating' }
    here.processes.die(here.processes.self.pid)
    here.processes.become(2000)
    expect(verdicts(await here.gcItems())).toEqual(['machine box: finished', 'machine copy: foreign'])
  })

  test('things of a dead run of ours go; those of a living run, of another owner and of nobody’s name do not', async () => {
    const here = await world()
    const { owner, processes } = here.environment
    const dead = { pid: 7, startTime: '1', bootId: processes.self.bootId }
    const at = new Date('2026-11-24T09:00:00Z')
    const runs = {
      dead: mintRunId(owner, dead, at),
      alive: mintRunId(owner, processes.self, at),
      theirs: mintRunId(ownerOf('other', 'computer', '/home'), dead, at),
      odd: 'not-a-run-id',
    }
    here.hypervisor.hasPool = true
    for (const [name, runId] of Object.entries(runs)) here.hypervisor.files.set(name, runId)
    expect(verdicts(await here.gcItems())).toEqual([
      'file dead: collect',
      'file alive: in-use',
      'file theirs: in-use',
      'file odd: in-use',
    ])
    expect((await here.gc()).removed).toEqual(['file dead'])
    expect([...here.hypervisor.files.keys()]).toEqual(['alive', 'theirs', 'odd'])
  })

  test('a removal that fails is told, and the others go on', async () => {
    const here = await world()
    await here.upKilledAt(9)
    here.hypervisor.fail('destroy', new Error('stuck'))
    here.hypervisor.files.set(
      'lost',
      mintRunId(here.environment.owner, { pid: 7, startTime: '1', bootId: here.processes.bootId }, new Date()),
    )
    const result = await here.gc()
    expect(result.kept).toContainEqual({ what: 'machine box', why: 'stuck', isOurs: true })
    expect(result.removed).toContain('file lost')
  })

  test('a machine that somebody took up between the look and the removal stays', async () => {
    const here = await world()
    await here.upKilledAt(9)
    here.hypervisor.fail('inspect', () => {
      const machine = here.hypervisor.byName('box')
      if (machine?.mark) machine.mark = { ...machine.mark, creator: here.processes.self }
      return undefined
    })
    const result = await here.gc()
    expect(result.kept.map(({ what }) => what)).toEqual(['machine box'])
    expect(result.removed).not.toContain('machine box')
    expect(here.hypervisor.byName('box')).toBeDefined()
  })
})

describe('gc that cannot go on', () => {
  test('calls only that removed which the provider removed', async () => {
    const here = await world()
    const dead = mintRunId(
      here.environment.owner,
      { pid: 7, startTime: '1', bootId: here.processes.bootId },
      new Date(),
    )
    here.hypervisor.files.set('lost', dead)
    // Between the look and the removal a machine came to name it.
    let looks = 0
    here.hypervisor.fail('leftovers', () => {
      looks += 1
      if (looks === 2) here.hypervisor.files.clear()
      return undefined
    })
    expect(await here.gc()).toEqual({ removed: [], kept: [] })
  })

  test.each(['list', 'leftovers'] as const)('closes what it opened where %s fails', async (method) => {
    const here = await world()
    here.hypervisor.fail(method, new Error('broken'))
    await expect(here.gcItems()).rejects.toThrow('broken')
    expect(here.hypervisor.openCount).toBe(0)
  })
})

describe('destroy', () => {
  test('refuses what is not ours, and changes nothing', async () => {
    const here = await world()
    await here.up(waiting(), { environment: here.as('other') })
    const before = here.hypervisor.inventory()
    expect(await errorOf(here.destroy('box'))).toMatchObject({ code: 'not-owned' })
    expect(here.hypervisor.inventory()).toEqual(before)
  })

  test('of a copy that was made by hand is refused too', async () => {
    const here = await world()
    const { machine } = await here.up()
    here.hypervisor.copyByHand(machine.ref, 'copy')
    const error = await errorOf(here.destroy('copy'))
    expect(error.code).toBe('not-owned')
    expect(error.message).toContain('is a copy')
  })

  test('that is killed in the middle is gone on with by the next one', async () => {
    const here = await world()
    await here.up()
    here.hypervisor.fail('destroy', new Error('killed'))
    await expect(here.destroy('box')).rejects.toThrow('killed')
    expect(here.hypervisor.byName('box')?.mark?.phase).toBe('destroying')
    here.hypervisor.heal()
    await here.destroy('box')
    expect(here.hypervisor.inventory()).toEqual([])
    expect(await here.hypervisor.open().list(testCall())).toEqual([])
  })
})

describe('a run id', () => {
  test('says who made it, when, and by which process', () => {
    const owner = ownerOf('me', 'computer', '/home/me/azl')
    const creator = { pid: 4_194_304, startTime: '18446744073709551615', bootId: 'a1b2c3d4'.padEnd(32, 'f') }
    const created = new Date('2026-11-24T10:11:12.345Z')
    const runId = mintRunId(owner, creator, created)
    expect(runId).toMatch(/^[A-Za-z0-9-]{1,50}$/)
    expect(parseRunId(runId)).toEqual({
      owner: owner.slice(0, 8),
      created,
      creator: { ...creator, bootId: 'a1b2c3d4' },
    })
  })

  test('holds an unknown start time as unknown', () => {
    const runId = mintRunId('0'.repeat(16), { pid: 1, startTime: '', bootId: 'f'.repeat(32) }, new Date(1e12))
    expect(parseRunId(runId)?.creator.startTime).toBe('')
  })

  test.each([
    '',
    'box',
    'azl-vm-1-2-3-4',
    '0123456-m3k2p9xq-1f4-4x2k9-9bd02c11',
    'g1234567-m3k2p9xq-1f4-4x2k9-9bd02c11',
  ])('%j is none', (text) => {
    expect(parseRunId(text)).toBeUndefined()
  })

  test('owners differ by user, computer and home, and not by where one word ends', () => {
    const owners = [
      ownerOf('a', 'b', 'c'),
      ownerOf('x', 'b', 'c'),
      ownerOf('a', 'x', 'c'),
      ownerOf('a', 'b', 'x'),
      ownerOf('ab', '', 'c'),
    ]
    expect(new Set(owners).size).toBe(owners.length)
    for (const owner of owners) expect(owner).toMatch(/^[0-9a-f]{16}$/)
  })
})
