/**
 * `kill -9` at each entry of the journal of an `up` on VMware, by the stand-in of its tools: whatever was made until then,
 * `destroy` or `gc` takes away, also without the state folder, and nothing of anybody else's; `up` goes on.
 */
import { beforeAll } from 'vitest'
import { testKillPoints } from '../support/kill-points.ts'
import { describeVmwareE2e } from '../support/vmware-world.ts'

describeVmwareE2e('an azl-vm on VMware that is killed with -9', (world) => {
  beforeAll(() => world().makeForeign('k0'))

  testKillPoints({
    world,
    operations: ['define', 'disk-0', 'attach-installer', 'start'],
    parts: { machine: { networks: [{ mode: 'isolated' }] } },
    seen: { disks: [{ sizeBytes: 64 * 1024 ** 2 }] },
    continued: [
      ['the machine is made and nobody wrote that down', ['before', 'done define'], 'continued'],
      ['the machine runs and nobody wrote that down', ['before', 'done start'], 'continued'],
    ],
  })
})
