/**
 * Another owner on the same libvirt (other locks, same pool) may be uploading the medium that we want. Its copy is
 * told from what a killed upload left by whether it grows.
 */
import type { StoragePool } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import { okVolumeName } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { findVolume } from './storage.ts'

/**
 * An upload that wrote nothing for so long is dead; a living one writes many times a second. libvirt has no event for
 * what is written to a volume (its pool events tell of pools), so that the volume is looked at again and again.
 */
const stalledMs = 3000
const lookEveryMs = 50

/** True once the copy is whole; false where there is none, or nobody goes on with it. */
export async function isFinishedByAnother(
  session: Session,
  pool: StoragePool,
  name: string,
  call: Call,
): Promise<boolean> {
  let written = -1
  for (let idleMs = 0; idleMs < stalledMs; idleMs += lookEveryMs) {
    const [ok, copy] = await session.run(`look for ${pool.name}/${name}`, call, async () => {
      const [okVolume, volume] = [await findVolume(pool, okVolumeName(name), call), await findVolume(pool, name, call)]
      return [okVolume !== undefined, await volume?.info(signalOf(call))] as const
    })
    if (!copy) return false
    if (ok) return true
    if (copy.allocationBytes !== written) idleMs = 0
    written = copy.allocationBytes
    await new Promise((resolve) => {
      setTimeout(resolve, lookEveryMs)
    })
  }
  return false
}
