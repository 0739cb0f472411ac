import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Session } from './session.ts'

const lookAgainMs = 250

/** Waits as long as Hyper-V merges disks of the machine; it holds their files meanwhile (minikube#6776, vagrant#10406). */
export async function untilMerged(session: Session, vmId: string, call: Call): Promise<void> {
  const asked = { action: 'see whether disks are being merged', schema: z.boolean() }
  while (await session.run('is-merging', { id: vmId }, asked, call))
    await sleep(lookAgainMs, undefined, { signal: call.signal }).catch((cause: unknown) => {
      throw new AzlVmError('cancelled', 'interrupted while Hyper-V merged disks, which it goes on with', { cause })
    })
}
