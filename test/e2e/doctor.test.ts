/** `doctor --boot` on a real libvirt: the proof, and what kill -9 leaves of it. */
import { expect, it } from 'vitest'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd } from '../support/tool-world.ts'

describeE2e('doctor --boot', (world) => {
  it('proves what guests get, with Secure Boot enforced, and leaves nothing; after kill -9 gc does', async () => {
    const user = await world().user()
    const killed = user.spawn(['doctor', '--boot'])
    await killed.says('stderr', /reached: firmware/)
    killed.kill('SIGKILL')
    await killed.ended
    const { removed } = await user.json<{ removed: readonly string[] }>(['gc', '--yes'])
    expect(removed.join('\n')).toMatch(/azl-vm-doctor-/)
    expect(await world().leftBehind()).toEqual([])

    const end = await user.run(['doctor', '--boot', '--output', 'json'])
    expect(end.exitCode, tellEnd(end)).toBe(0)
    expect(JSON.parse(end.stdout)).toMatchObject({
      isReady: true,
      boots: [
        {
          isProven: true,
          usual: { probe: { processors: 2, tpm: { isPresent: true } }, differences: [] },
          secureBoot: { is: 'enforced' },
        },
      ],
    })
    expect(await world().leftBehind()).toEqual([])
  })
})
