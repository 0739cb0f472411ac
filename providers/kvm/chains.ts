/**
 * Which disk lies on which. A volume is needed as long as a domain, a snapshot or another needed volume names it: by
 * that alone it is judged, so whatever a killed command left is found, and nothing that a clone needs is taken.
 */
import { posix } from 'node:path'
import { isNoStorageVolume, type StoragePool } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { DomainConfig } from './domain-config.ts'
import { allDomains } from './domains.ts'
import { kvmMark, type HeldState } from './mark-metadata.ts'
import { machineFiles, runIdOfVolume } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { findVolume, ourPools } from './storage.ts'
import { parseXml } from './xml-reader.ts'

export interface PoolOfOurs {
  readonly pool: StoragePool
  readonly volumes: readonly string[]
}

/** By volume name, the name of the volume that it lies on. */
export type Backings = ReadonlyMap<string, string>

export async function readBackings(session: Session, pools: readonly PoolOfOurs[], call: Call): Promise<Backings> {
  return await session.run('see what the disks lie on', call, async () => {
    const found = new Map<string, string>()
    // One after the other: a call takes a fraction of a millisecond, and each listens to the same signal.
    for (const { pool, volumes } of pools)
      for (const name of volumes.filter((each) => each.endsWith('.qcow2') && runIdOfVolume(each) !== undefined)) {
        const backing = await backingOf(pool, name, call)
        if (backing !== undefined) found.set(name, backing)
      }
    return found
  })
}

async function backingOf(pool: StoragePool, name: string, call: Call): Promise<string | undefined> {
  try {
    const volume = await findVolume(pool, name, call)
    const path = volume && parseXml(await volume.xml(signalOf(call))).find('backingStore', 'path')?.text
    return path === undefined || path === '' ? undefined : posix.basename(path)
  } catch (error) {
    // It was deleted while we looked.
    if (isNoStorageVolume(error)) return undefined
    throw error
  }
}

/** Every volume that is needed, by name. */
export function neededVolumes(domains: readonly DomainConfig[], backings: Backings): ReadonlySet<string> {
  const needed = new Set<string>()
  for (const name of domains.flatMap(namedVolumes))
    for (let at: string | undefined = name; at !== undefined && !needed.has(at); at = backings.get(at)) needed.add(at)
  return needed
}

function namedVolumes({ paths, mark }: DomainConfig): readonly string[] {
  const named = paths.map((path) => posix.basename(path))
  if (!mark) return named
  const { snapshots, base } = kvmMark(mark)
  return [...named, ...snapshots.flatMap(volumesOfSnapshot), ...base]
}

export function volumesOfSnapshot({ disks, nvram, memory }: HeldState): readonly string[] {
  return [...disks, nvram, memory].filter((name) => name !== undefined)
}

/** The machines whose disks lie on one of this machine's, or are about to. */
export function dependentsAmong(
  mark: Mark,
  pools: readonly PoolOfOurs[],
  domains: readonly DomainConfig[],
  backings: Backings,
): readonly MachineRef[] {
  const isOwn = (volume: string | undefined): boolean =>
    volume !== undefined &&
    runIdOfVolume(volume) === mark.runId &&
    volume.startsWith(`${machineFiles(mark.name, mark.runId).base}.`)
  const volumes = pools.flatMap((each) => each.volumes)
  return domains
    .filter(({ mark: other, ref }) => {
      // A machine that carries the mark of another is a copy by hand: the volumes that it names are not its own.
      if (!other || other.runId === mark.runId || other.machineId !== ref.id) return false
      const theirs = volumes.filter((name) => runIdOfVolume(name) === other.runId)
      return kvmMark(other).base.some(isOwn) || theirs.some((name) => isOwn(backings.get(name)))
    })
    .map(({ ref }) => ref)
}

/** Looks at everything: pools, then domains, then what lies on what. */
export async function readChains(
  session: Session,
  call: Call,
): Promise<{
  readonly pools: readonly PoolOfOurs[]
  readonly domains: readonly DomainConfig[]
  readonly backings: Backings
}> {
  const pools = await ourPools(session, call)
  const domains = await allDomains(session, call)
  return { pools, domains, backings: await readBackings(session, pools, call) }
}
