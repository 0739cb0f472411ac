/** The boot probe as the witness: what its `up` waits for, and what Secure Boot and a TPM look like from inside. */
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../support/e2e-process.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd } from '../support/tool-world.ts'

describeE2e('the boot probe', (world) => {
  it('is reported where it, as any medium, switches its machine off after the firmware left: that is success', async () => {
    const user = await world().user()
    const iso = world().path('quits.iso')
    const cache = join(user.home, 'cache', 'probe')
    await user.run(['plan', await world().spec('makes-the-iso')])
    const [made = ''] = (await readdir(cache)).filter((name) => name.endsWith('.iso'))
    await copyFile(join(cache, made), iso)

    const tool = user.spawn(['up', await world().spec('quits', { source: { iso } })])
    await tool.says('stderr', /reached: firmware/)
    // The tool stands still until the machine is off, and so hears of the hand-over and of the end at once.
    tool.kill('SIGSTOP')
    await until('the machine is off', async () =>
      (await world().virsh('domstate', 'quits')).trim() === 'shut off' ? true : undefined,
    )
    tool.kill('SIGCONT')
    const end = await tool.ended
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(end.stdout).toMatch(/boot +the firmware left for the installer/)
    expect(end.stdout).toMatch(/state +off: the guest switched itself off after it had left the firmware/)
    expect(await user.json(['status', 'quits'])).toMatchObject({ state: 'off', mark: { phase: 'ready' } })
    expect(await user.run(['destroy', 'quits'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('ends up at its closing line and not at power-off; the guest has the TPM that the spec asks for', async () => {
    const user = await world().user()
    const spec = await world().spec('stays', {
      source: { probe: { then: 'wait' } },
      machine: { firmware: { tpm: true }, disks: [{ size: '64MiB' }, { size: '96MiB' }], cpus: 2 },
    })
    const result = await user.json(['up', spec])
    expect(result).toMatchObject({
      action: 'created',
      machine: { state: 'running', tpm: true },
      probe: {
        then: 'wait',
        secureBoot: false,
        processors: 2,
        memoryBytes: 256 * 1024 ** 2,
        tpm: { isPresent: true, hasTcg2: true, acpiTable: 'TPM2' },
        disks: [{ sizeBytes: 64 * 1024 ** 2 }, { sizeBytes: 96 * 1024 ** 2 }],
        droppedBytes: 0,
      },
    })
    expect(await user.json(['up', spec])).toMatchObject({ action: 'unchanged' })
    expect(await user.run(['destroy', 'stays'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('is refused under Secure Boot, and that is said', async () => {
    const user = await world().user()
    const spec = await world().spec('refused', { machine: { firmware: { secureBoot: true } } })
    const refused = await user.run(['up', spec])
    expect(refused.exitCode, tellEnd(refused)).toBe(5)
    expect(refused.stderr).toMatch(/the firmware refused the medium: it is not signed for Secure Boot/)
    expect(refused.stderr).toMatch(/Set machine\.firmware\.secureBoot: false/)
    expect(refused.stderr).toMatch(/"refused" is kept \(onFailure: keep\)/)
    const again = await user.run(['up', spec])
    expect(again.exitCode, tellEnd(again)).toBe(4)
    expect(again.stderr).toMatch(/`azl-vm start refused`.*`azl-vm destroy refused`/)
    expect(await user.run(['destroy', 'refused'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })
})
