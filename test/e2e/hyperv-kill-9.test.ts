/**
 * `kill -9` at each entry of the journal of an `up` on a simulated Hyper-V host: whatever was made until then, `destroy`
 * or `gc` takes away, also without the state folder, and nothing of anybody else's; `up` goes on.
 */
import { beforeAll, it } from 'vitest'
import { describeHyperVE2e } from '../support/hyperv-world.ts'
import { testKillPoints } from '../support/kill-points.ts'

describeHyperVE2e('an azl-vm on Hyper-V that is killed with -9', (world) => {
  beforeAll(() => world().makeForeign('k*'))

  testKillPoints({
    world,
    operations: [
      'define',
      'settings',
      'switch-0',
      'network-host-only',
      'networks',
      'disk-0',
      'drives',
      'attach-installer',
      'start',
    ],
    parts: { machine: { firmware: { tpm: true }, networks: [{ mode: 'isolated' }, { mode: 'host-only' }] } },
    seen: { tpm: { isPresent: true } },
    continued: [
      ['the machine is made and nobody wrote that down', ['before', 'done define'], 'continued'],
      ['the machine runs and nobody wrote that down', ['before', 'done start'], 'continued'],
    ],
  })

  it('leaves no PowerShell, recorder or machine running', () => world().allEnded())
})
