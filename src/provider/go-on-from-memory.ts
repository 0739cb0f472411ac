import { isAzlVmError } from '../errors.ts'
import type { StartResult } from './contract.ts'
import type { MachineRef } from './machine.ts'
import type { RestoreResult } from './snapshot.ts'

/**
 * The last step of restoring a machine that ran: it is started from the memory that the snapshot held. Where that fails
 * there is no way back to what it was: the error says where it stands, and keeps its code and cause.
 */
export async function goOnFromMemory(
  { name }: Pick<MachineRef, 'name'>,
  snapshot: string,
  start: () => Promise<StartResult>,
): Promise<RestoreResult> {
  try {
    const { outputs } = await start()
    return { state: 'running', outputs }
  } catch (error) {
    if (!isAzlVmError(error)) throw error
    throw error.extended({
      hint: `"${name}" has the disks and the memory of the snapshot "${snapshot}" by now: \`azl-vm start ${name}\` goes on from there.`,
    })
  }
}
