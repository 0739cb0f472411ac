/** What lies in our pools, or carries a name of ours, and belongs to no machine. */
import type { StoragePool } from 'libvirt-ts'
import type { Call, Leftover } from '../../src/provider/contract.ts'
import { removeIfStillLeft } from '../../src/provider/leftovers.ts'
import { neededVolumes, readBackings } from './chains.ts'
import { allDomains } from './domains.ts'
import { isoDigests } from './iso-copies.ts'
import { digestOfIsoVolume, makerOfVolume, runIdOfLookPool, runIdOfNetwork, runIdOfVolume } from './names.ts'
import { removeNetwork } from './removal.ts'
import { signalOf, type Session } from './session.ts'
import { deleteVolume, ourPools } from './storage.ts'

/**
 * Volumes are listed before the domains: a machine is defined before its volumes are made, so whatever is listed is
 * named by then.
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
    return digest === undefined || domains.some((config) => isoDigests(config).includes(digest))
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
  return await removeIfStillLeft(
    leftover,
    () => findLeftovers(session, call),
    () => remove(session, leftover, call),
  )
}

async function remove(session: Session, leftover: Leftover, call: Call): Promise<boolean> {
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
