/**
 * `kill -9` at each entry of the journal of an `up` on VirtualBox: whatever was made until then, `destroy` or `gc` takes
 * away, also without the state folder; `up` goes on.
 */
import { testKillPoints, testLeavesNothing } from '../support/kill-points.ts'
import { describeVirtualBoxE2e } from '../support/virtualbox-world.ts'

describeVirtualBoxE2e('an azl-vm on VirtualBox that is killed with -9 while it switches Secure Boot on', (world) => {
  testLeavesNothing(
    {
      world,
      operations: ['define', 'secure-boot', 'drives', 'disk-0', 'attach-installer', 'start'],
      parts: { machine: { firmware: { secureBoot: true } } },
    },
    ['intent secure-boot', 'done secure-boot'],
  )
})

describeVirtualBoxE2e('an azl-vm on VirtualBox that is killed with -9', (world) => {
  testKillPoints({
    world,
    operations: ['define', 'drives', 'disk-0', 'attach-installer', 'start'],
    parts: { machine: { firmware: { tpm: true } } },
    seen: { tpm: { isPresent: true } },
    continued: [
      ['the machine is made and nobody wrote that down', ['before', 'done define'], 'continued'],
      ['the machine runs and nobody wrote that down', ['before', 'done start'], 'continued'],
    ],
  })
})
