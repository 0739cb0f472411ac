/** Ctrl-C, and its kin, in the middle of `up`: said what is kept and how to go on, or nothing is left. */
import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { until } from '../support/e2e-process.ts'
import type { ToolProcess } from '../support/e2e-process.ts'
import { describeE2e, type World } from '../support/e2e-world.ts'
import { exists, tellEnd, type User } from '../support/tool-world.ts'

/** The entry that says that the disk is about to be made: after begin, define and pool. */
const intentDisk = 6

describeE2e('an up that is interrupted', (world) => {
  it('in the making says what is kept and how to go on, or takes it back, as onFailure says', async () => {
    const [keeper, remover] = [await world().user(), await world().user()]
    const kept = await world().spec('made-kept')
    const removed = await world().spec('made-removed', { onFailure: 'remove' })
    const [keptEnd, removedEnd] = await Promise.all([
      interruptMaking(keeper, kept, 'SIGINT'),
      interruptMaking(remover, removed, 'SIGTERM'),
    ])
    expect(keptEnd.exitCode, tellEnd(keptEnd)).toBe(130)
    expect(keptEnd.stderr).toMatch(/What was made so far is kept \(onFailure: keep\)/)
    expect(keptEnd.stderr).toMatch(/`azl-vm up` goes on with it; `azl-vm destroy made-kept` removes it/)
    expect(removedEnd.exitCode, tellEnd(removedEnd)).toBe(130)
    expect(removedEnd.stderr).not.toMatch(/is kept/)
    expect(await remover.stateFolders()).toEqual([])
    expect((await world().leftBehind()).filter((thing) => thing.includes('made-removed'))).toEqual([])

    const result = await keeper.json<{ action: string; probe: unknown }>(['up', kept])
    expect(result).toMatchObject({ action: 'continued', probe: { firmware: { vendor: /EDK II|Debian/ } } })
    expect(await keeper.run(['destroy', 'made-kept'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('while the guest boots says that it runs on and how to go on, or takes it away, as onFailure says', async () => {
    const [keeper, remover] = [await world().user(), await world().user()]
    const kept = await world().spec('boot-kept')
    const removed = await world().spec('boot-removed', { onFailure: 'remove' })
    const [keptEnd, removedEnd] = await Promise.all([
      interruptBoot(world(), keeper, kept, 'boot-kept', 'SIGINT'),
      interruptBoot(world(), remover, removed, 'boot-removed', 'SIGTERM'),
    ])
    expect(keptEnd.exitCode, tellEnd(keptEnd)).toBe(130)
    expect(keptEnd.stderr).toMatch(/"boot-kept" is kept and runs on/)
    expect(keptEnd.stderr).toMatch(/`azl-vm up` goes on waiting; `azl-vm destroy boot-kept` removes it/)
    expect(removedEnd.exitCode, tellEnd(removedEnd)).toBe(130)
    expect(removedEnd.stderr).toMatch(/The machine was removed/)
    expect(await remover.stateFolders()).toEqual([])
    expect((await world().leftBehind()).filter((thing) => thing.includes('boot-removed'))).toEqual([])

    const again = keeper.spawn(['up', kept])
    await again.says('stderr', /listening to the boot that an interrupted run began/)
    await world().virsh('resume', 'boot-kept')
    const end = await again.ended
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(end.stdout).toMatch(/boot-kept@kvm (is up|has booted), gone on with after an interrupted run/)
    expect(await keeper.run(['destroy', 'boot-kept'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends at once at the second %s, also where libvirt hangs', async (signal) => {
    const user = await world().user()
    const name = `twice-${signal}`.toLowerCase()
    const tool = await heldAtDisk(user, await world().spec(name, { onFailure: 'remove' }))
    // From here on nothing that azl-vm asks of libvirt is answered: it cannot end in good order.
    const libvirtd = await world().daemonProcess('libvirtd')
    process.kill(libvirtd, 'SIGSTOP')
    try {
      tool.kill(signal)
      await goOn(user)
      await tool.says('stderr', /interrupted: ending in good order; once more to end at once/)
      tool.kill(signal)
      const end = await tool.ended
      expect(end.exitCode, tellEnd(end)).toBe(130)
      // An end in good order would say what became of the machine, once libvirt answered or its time was over.
      expect(end.stderr).not.toMatch(/^error: /m)
    } finally {
      process.kill(libvirtd, 'SIGCONT')
    }
    const { items } = await user.json<{ items: unknown }>(['gc', '--yes'])
    expect(items).toContainEqual(expect.objectContaining({ what: `machine ${name}`, verdict: 'collect' }))
    expect(await world().leftBehind()).toEqual([])
  })
})

const holdFile = (user: User): string => `${user.home}.go-on`
const goOn = (user: User): Promise<void> => writeFile(holdFile(user), '')

async function heldAtDisk(user: User, spec: string): Promise<ToolProcess> {
  const fault = { act: 'hold', when: 'after', entry: intentDisk, file: holdFile(user) } as const
  const tool = user.spawn(['up', spec], { fault })
  await until('up stands still at its journal', () => exists(`${holdFile(user)}.held`))
  return tool
}

/** The signal waits while the process stands still, and is the first thing that it hears afterwards. */
async function interruptMaking(user: User, spec: string, signal: NodeJS.Signals) {
  const tool = await heldAtDisk(user, spec)
  tool.kill(signal)
  await goOn(user)
  return await tool.ended
}

async function interruptBoot(world: World, user: User, spec: string, name: string, signal: NodeJS.Signals) {
  const tool = user.spawn(['up', spec, '--verbose'])
  await tool.says('stderr', /firmware/)
  // The guest cannot be faster than the signal.
  await world.virsh('suspend', name)
  tool.kill(signal)
  return await tool.ended
}
