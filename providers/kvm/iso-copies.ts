/** The shared copies of media in our pools: which machines use them, and taking away those that none does. */
import { posix } from 'node:path'
import type { StoragePool } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { DomainConfig } from './domain-config.ts'
import { allDomains } from './domains.ts'
import { kvmMark } from './mark-metadata.ts'
import { digestOfIsoVolume } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { deleteVolume } from './storage.ts'

/** The shared copies of media go with the last machine that uses them. `.ok` first, so that half a copy never counts. */
export async function unusedIsoVolumes(
  session: Session,
  volumes: readonly string[],
  digests: readonly string[],
  except: MachineRef | undefined,
  call: Call,
): Promise<readonly string[]> {
  const copies = volumes.filter((name) => digests.includes(digestOfIsoVolume(name) ?? ''))
  if (copies.length === 0) return []
  const others = (await allDomains(session, call)).filter((config) => config.ref.id !== except?.id)
  return copies
    .filter((name) => !others.some((config) => isoDigests(config).includes(digestOfIsoVolume(name) ?? '')))
    .toSorted((a, b) => Number(b.endsWith('.ok')) - Number(a.endsWith('.ok')))
}

/** The media of a machine: the one that it was made with, what is in its drives, and what a snapshot needs there. */
export function isoDigests(config: DomainConfig): readonly string[] {
  const made = config.mark?.installer?.sha256.slice(0, 12)
  const held = config.mark ? kvmMark(config.mark).snapshots.flatMap(({ media }) => media) : []
  const inserted = [...config.paths, ...held].map((path) => digestOfIsoVolume(posix.basename(path)))
  return [made, ...inserted].filter((digest) => digest !== undefined)
}

/** Deletes the copy of a medium that was taken out of a drive, where no machine uses it. Under the pool's lock. */
export async function removeUnusedIso(session: Session, pool: StoragePool, path: string, call: Call): Promise<void> {
  const digest = digestOfIsoVolume(posix.basename(path))
  if (digest === undefined) return
  const volumes = await session.run(`list ${pool.name}`, call, async () => {
    await pool.refresh(signalOf(call))
    return (await pool.listVolumes(signalOf(call))).map((volume) => volume.name)
  })
  for (const name of await unusedIsoVolumes(session, volumes, [digest], undefined, call))
    await deleteVolume(session, pool, name, call)
}
