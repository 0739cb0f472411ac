/** Taking machines and what they leave away: volumes first, the domain, which carries the mark, last. */
import { posix } from 'node:path'
import { isNoDomain, isNoNetwork, isOperationInvalid, type Domain, type StoragePool } from 'libvirt-ts'
import { errorText } from '../../src/errors.ts'
import type { Call, Kept, Leftover, RemovalReport } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import { dependentsAmong, neededVolumes, readBackings, readChains } from './chains.ts'
import type { DomainConfig } from './domain-config.ts'
import { kvmMark } from './mark-metadata.ts'
import {
  digestOfIsoVolume,
  hostOnlyNetwork,
  machineFiles,
  makerOfVolume,
  runIdOfLookPool,
  runIdOfNetwork,
  runIdOfVolume,
} from './names.ts'
import { withHostOnlyLock } from './own-networks.ts'
import { signalOf, type Session } from './session.ts'
import { deleteVolume, ourPools, removeEmptyPool } from './storage.ts'

/** Where libvirt and swtpm write what they have to say about one machine (Debian's builds; others alike). */
const libvirtLogs = (name: string): readonly string[] => [`/var/log/libvirt/qemu/${name}.log`]
const swtpmLogs = (name: string): readonly string[] => [`/var/log/swtpm/libvirt/qemu/${name}-swtpm.log`]

export async function destroyDomain(session: Session, ref: MachineRef, call: Call): Promise<RemovalReport> {
  const domain = await session.findDomain(ref, call)
  if (!domain) return { removed: [], kept: [] }
  const config = await session.config(domain, call)
  // A copy by hand carries the original's mark: the volumes and networks that it names are not the copy's.
  const mark = config.mark?.machineId === domain.uuid ? config.mark : undefined
  if (mark) requireNoDependents(ref, await dependentsOf(session, mark, call))
  const removed = new Set<string>()
  const kept = new Map<string, Omit<Kept, 'what'>>()
  await switchOff(session, domain, call)
  if (mark) {
    for (const network of kvmMark(mark).ownNetworks)
      if (await removeNetwork(session, network, call)) removed.add(`network ${network}`)
    await removeVolumes(session, mark, config, call, removed, kept)
  }
  await undefine(session, domain, mark !== undefined, call)
  removed.add(`domain ${ref.name}`)
  // What libvirt itself made and did not take along: firmware variables, the serial log of a start in between.
  if (mark) await removeVolumes(session, mark, config, call, removed, kept)
  const logs = [...libvirtLogs(ref.name), ...(config.tpm ? swtpmLogs(ref.name) : [])]
  if (!session.choice.isSession)
    for (const log of logs)
      kept.set(log, { why: 'libvirt’s own log; it belongs to the system and is rotated by it', isOurs: false })
  return { removed: [...removed], kept: [...kept].map(([what, rest]) => ({ what, ...rest })) }
}

export async function dependentsOf(session: Session, mark: Mark, call: Call): Promise<readonly MachineRef[]> {
  const { pools, domains, backings } = await readChains(session, () => allDomains(session, call), call)
  return dependentsAmong(mark, pools, domains, backings)
}

/**
 * Deletes the disks, firmware variables and memory files of a machine that nothing needs any more. What it was asked
 * for is done by then: a failure is told, and gc comes back to it.
 */
export async function sweep(session: Session, mark: Mark, call: Call): Promise<void> {
  try {
    const { pools, domains, backings } = await readChains(session, () => allDomains(session, call), call)
    const needed = neededVolumes(domains, backings)
    const prefix = `${machineFiles(mark.name, mark.runId).base}.`
    for (const { pool, volumes } of pools)
      for (const name of volumes)
        if (name.startsWith(prefix) && isSwept(name, mark.runId) && !needed.has(name))
          await deleteVolume(session, pool, name, call)
  } catch (error) {
    if (call.signal.aborted) throw error
    call.warn('not-swept', `what is not needed any more is still there: ${errorText(error)}`, '`azl-vm gc` removes it.')
  }
}

/** The serial log is named by its path alone, and its older files by nobody. */
function isSwept(name: string, runId: string): boolean {
  return runIdOfVolume(name) === runId && !name.includes(`${runId}.serial.log`)
}

export async function switchOff(session: Session, domain: Domain, call: Call): Promise<void> {
  await session.run(`switch off ${domain.name}`, call, async () => {
    if (!(await domain.isActive(signalOf(call)))) return
    try {
      await domain.destroy(signalOf(call))
    } catch (error) {
      // It went off by itself in between.
      if (!isOperationInvalid(error)) throw error
    }
  })
}

/** `hasOwnFiles`: the file of its firmware variables is no other machine's; its TPM state never is. */
export async function undefine(session: Session, domain: Domain, hasOwnFiles: boolean, call: Call): Promise<void> {
  await session.run(`undefine ${domain.name}`, call, async () => {
    try {
      await domain.undefine({
        ...signalOf(call),
        nvram: hasOwnFiles,
        tpm: true,
        managedSave: true,
        snapshotsMetadata: true,
        checkpointsMetadata: true,
      })
    } catch (error) {
      if (!isNoDomain(error)) throw error
    }
  })
}

async function removeVolumes(
  session: Session,
  mark: Mark,
  config: DomainConfig,
  call: Call,
  removed: Set<string>,
  kept: Map<string, Omit<Kept, 'what'>>,
): Promise<void> {
  const prefix = `${machineFiles(mark.name, mark.runId).base}.`
  const remove = async (pool: StoragePool, name: string): Promise<void> => {
    const what = `volume ${pool.name}/${name}`
    try {
      if (await deleteVolume(session, pool, name, call)) removed.add(what)
      // Also where an earlier try failed.
      kept.delete(what)
    } catch (error) {
      if (call.signal.aborted) throw error
      kept.set(what, { why: errorText(error), isOurs: true })
    }
  }
  for (const { pool, volumes } of await ourPools(session, call)) {
    const ours = volumes.filter((name) => name.startsWith(prefix) && runIdOfVolume(name) === mark.runId)
    for (const name of ours) await remove(pool, name)
    const digests = isoDigests(config)
    if (!volumes.some((name) => digests.includes(digestOfIsoVolume(name) ?? ''))) continue
    // Nobody may be putting the copy into a drive while it is found to be unused.
    await session.context.sharedLock(`pool ${session.choice.uri} ${pool.name}`, call, async () => {
      for (const name of await unusedIsoVolumes(session, volumes, digests, config.ref, call)) await remove(pool, name)
    })
  }
}

/** The shared copies of media go with the last machine that uses them. `.ok` first, so that half a copy never counts. */
async function unusedIsoVolumes(
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
    .filter((name) => !others.some((config) => usesIso(config, digestOfIsoVolume(name) ?? '')))
    .toSorted((a, b) => Number(b.endsWith('.ok')) - Number(a.endsWith('.ok')))
}

/** The media of a machine: the one that it was made with, and what is in its drives. */
function isoDigests(config: DomainConfig): readonly string[] {
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

function usesIso(config: DomainConfig, digest: string): boolean {
  const held = config.mark ? kvmMark(config.mark).snapshots.flatMap(({ media }) => media) : []
  return (
    config.mark?.installer?.sha256.startsWith(digest) === true ||
    [...config.paths, ...held].some((path) => digestOfIsoVolume(posix.basename(path)) === digest)
  )
}

/** Every domain's configuration; one that goes away while we look is passed over. */
export async function allDomains(session: Session, call: Call): Promise<readonly DomainConfig[]> {
  return await session.run('list the domains', call, async (connection) => {
    const domains = await connection.listDomains({}, signalOf(call))
    const configs = await Promise.all(
      domains.map(async (domain) => {
        try {
          return session.parse(await domain.xml({ ...signalOf(call), inactive: true }))
        } catch (error) {
          if (isNoDomain(error)) return undefined
          throw error
        }
      }),
    )
    return configs.filter((config) => config !== undefined)
  })
}

export async function removeNetwork(session: Session, name: string, call: Call): Promise<boolean> {
  return await session.run(`remove the network ${name}`, call, async (connection) => {
    try {
      const network = await connection.lookupNetwork(name, signalOf(call))
      if (await network.isActive(signalOf(call))) await network.destroy(signalOf(call))
      await network.undefine(signalOf(call))
      return true
    } catch (error) {
      if (isNoNetwork(error)) return false
      throw error
    }
  })
}

/**
 * What lies in our pools, or carries a name of ours, and belongs to no machine. Volumes are listed before the
 * domains: a machine is defined before its volumes are made, so whatever is listed is named by then.
 */
export async function findLeftovers(session: Session, call: Call): Promise<readonly Leftover[]> {
  const pools = await ourPools(session, call)
  const { networks, looks } = await session.run('list networks and pools', call, async (connection) => ({
    networks: (await connection.listNetworks(signalOf(call))).map((network) => network.name),
    looks: (await connection.listPools(signalOf(call))).map((pool) => pool.name),
  }))
  const domains = await allDomains(session, call)
  const runs = new Set(domains.map((config) => config.mark?.runId))
  const needed = neededVolumes(domains, await readBackings(session, pools, call))
  const isNamed = (volume: string): boolean => {
    const runId = runIdOfVolume(volume)
    // What a later run made is needed or nobody's; what was made with a machine may still be about to be named.
    if (runId !== undefined) return needed.has(volume) || (makerOfVolume(volume) === undefined && runs.has(runId))
    const digest = digestOfIsoVolume(volume)
    return digest === undefined || domains.some((config) => usesIso(config, digest))
  }
  return [
    ...pools.flatMap(({ pool, volumes }) =>
      volumes.filter((name) => !isNamed(name)).map((name) => volumeLeftover(pool, name)),
    ),
    ...networks.flatMap((name) => {
      const runId = runIdOfNetwork(name)
      return runId === undefined || runs.has(runId) ? [] : [{ id: `network:${name}`, what: `network ${name}`, runId }]
    }),
    ...looks.flatMap((name) => {
      const runId = runIdOfLookPool(name)
      return runId === undefined ? [] : [{ id: `look:${name}`, what: `transient pool ${name}`, runId }]
    }),
  ]
}

function volumeLeftover(pool: StoragePool, name: string): Leftover {
  const runId = makerOfVolume(name) ?? runIdOfVolume(name)
  return { id: `volume:${pool.name}/${name}`, what: `volume ${pool.name}/${name}`, runId }
}

export async function removeLeftover(session: Session, leftover: Leftover, call: Call): Promise<boolean> {
  // Looked at again: a machine may have come to use it since it was listed.
  const still = (await findLeftovers(session, call)).some((found) => found.id === leftover.id)
  if (!still) return false
  const [kind = '', rest = ''] = splitOnce(leftover.id, ':')
  if (kind === 'network') return await removeNetwork(session, rest, call)
  if (kind === 'look') {
    await session.run(`let go of ${rest}`, call, async (connection) => {
      // Only let go of: what is in the folder belongs to the user.
      await (await connection.lookupPool(rest, signalOf(call))).destroy(signalOf(call))
    })
    return true
  }
  if (kind === 'volume') {
    const [pool = '', name = ''] = splitOnce(rest, '/')
    const found = (await ourPools(session, call)).find((entry) => entry.pool.name === pool)
    return found !== undefined && (await deleteVolume(session, found.pool, name, call))
  }
  return false
}

function splitOnce(text: string, by: string): readonly string[] {
  const at = text.indexOf(by)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** The network that host-only machines share, where no machine is on it any more, ours or another's. */
export async function removeUnusedHostOnly(session: Session, call: Call): Promise<readonly string[]> {
  if (session.choice.isSession) return []
  return await withHostOnlyLock(session, call, async () => {
    const isUsed = (await allDomains(session, call)).some(({ interfaces }) =>
      interfaces.some(({ network }) => network === hostOnlyNetwork),
    )
    const isRemoved = !isUsed && (await removeNetwork(session, hostOnlyNetwork, call))
    return isRemoved ? [`network ${hostOnlyNetwork}`] : []
  })
}

/** Pools that hold nothing and that no machine of ours was made for. */
export async function removeUnusedPools(session: Session, call: Call): Promise<readonly string[]> {
  const removed: string[] = []
  for (const { pool, volumes } of await ourPools(session, call)) {
    if (volumes.length > 0) continue
    await session.context.sharedLock(`pool ${session.choice.uri} ${pool.name}`, call, async () => {
      const isNamed = (await allDomains(session, call)).some(
        (config) => config.mark && kvmMark(config.mark).pool === pool.name,
      )
      if (!isNamed && (await removeEmptyPool(session, pool, call))) removed.push(`pool ${pool.name}`)
    })
  }
  return removed
}
