/** Taking machines away: volumes first, the domain, which carries the mark, last. */
import { isNoDomain, isNoNetwork, isOperationInvalid, type Domain, type StoragePool } from 'libvirt-ts'
import { errorText } from '../../src/errors.ts'
import type { Call, Kept, RemovalReport } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import { sweepAfterwards } from '../../src/provider/leftovers.ts'
import { dependentsAmong, neededVolumes, readChains } from './chains.ts'
import type { DomainConfig } from './domain-config.ts'
import { allDomains } from './domains.ts'
import { isoDigests, unusedIsoVolumes } from './iso-copies.ts'
import { kvmMark } from './mark-metadata.ts'
import { digestOfIsoVolume, hostOnlyNetwork, isSerialLogVolume, machineFiles, runIdOfVolume } from './names.ts'
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
  if (!session.choice.isSession && hasRun(mark, removed))
    for (const log of logs)
      kept.set(log, { why: 'libvirt’s own log; it belongs to the system and is rotated by it', isOurs: false })
  return { removed: [...removed], kept: [...kept].map(([what, rest]) => ({ what, ...rest })) }
}

/** A start makes the serial log, which was removed with a machine of ours. Of a copy by hand nothing is known. */
function hasRun(mark: Mark | undefined, removed: ReadonlySet<string>): boolean {
  return mark === undefined || [...removed].some(isSerialLogVolume)
}

export async function dependentsOf(session: Session, mark: Mark, call: Call): Promise<readonly MachineRef[]> {
  const { pools, domains, backings } = await readChains(session, call)
  return dependentsAmong(mark, pools, domains, backings)
}

/**
 * Deletes the disks, firmware variables and memory files of a machine that nothing needs any more. What it was asked
 * for is done by then: a failure is told, and gc comes back to it.
 */
export async function sweep(session: Session, mark: Mark, call: Call): Promise<void> {
  await sweepAfterwards(call, async () => {
    const { pools, domains, backings } = await readChains(session, call)
    const needed = neededVolumes(domains, backings)
    const prefix = `${machineFiles(mark.name, mark.runId).base}.`
    for (const { pool, volumes } of pools)
      for (const name of volumes)
        if (name.startsWith(prefix) && isSwept(name, mark.runId) && !needed.has(name))
          await deleteVolume(session, pool, name, call)
  })
}

/** Of a serial log only the file that is written is named by the domain; its older ones are the machine's too. */
function isSwept(name: string, runId: string): boolean {
  return runIdOfVolume(name) === runId && !isSerialLogVolume(name)
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
