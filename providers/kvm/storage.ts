/** The pool and its volumes. All that a machine owns lies here, and nothing of it is touched by path. */
import { constants } from 'node:os'
import {
  isAlreadyExists,
  isLibvirtError,
  isNoStoragePool,
  isNoStorageVolume,
  isOperationInvalid,
  LibvirtError,
  type Connection,
  type StoragePool,
  type StorageVolume,
} from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import { isOurPool } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { poolXml, volumeXml } from './storage-xml.ts'

/** Starts a pool of ours that is defined and not active, as after a restart of its host. False where its folder is gone. */
async function wake(pool: StoragePool, call: Call): Promise<boolean> {
  if (await pool.isActive(signalOf(call))) return true
  try {
    await pool.create(signalOf(call))
    return true
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return await pool.isActive(signalOf(call))
  }
}

export async function findPool(session: Session, name: string, call: Call): Promise<StoragePool | undefined> {
  return await session.run(`look for the pool ${name}`, call, async (connection) => {
    try {
      const pool = await connection.lookupPool(name, signalOf(call))
      return (await wake(pool, call)) ? pool : undefined
    } catch (error) {
      if (isNoStoragePool(error)) return undefined
      throw error
    }
  })
}

/** Makes and starts the pool where it is not; a folder that is there already is kept with all that is in it. */
export async function ensurePool(session: Session, name: string, path: string, call: Call): Promise<StoragePool> {
  return await session.run(`make the pool ${name} in ${path}`, call, async (connection) => {
    const options = signalOf(call)
    const pool = await lookupOrDefine(connection, name, path, options)
    if (await pool.isActive(options)) return pool
    try {
      await pool.build(options)
      // A host that was restarted finds the machines' files again.
      await pool.setAutostart(true, options)
      await pool.create(options)
    } catch (error) {
      // Another owner, who has other locks, may have started it in between.
      if (isOperationInvalid(error) && (await pool.isActive(options))) return pool
      // A pool that cannot be started is of no use to anybody; what is in its folder stays.
      await pool.undefine(options).catch(() => undefined)
      throw error
    }
    return pool
  })
}

async function lookupOrDefine(
  connection: Connection,
  name: string,
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<StoragePool> {
  try {
    return await connection.lookupPool(name, options)
  } catch (error) {
    if (!isNoStoragePool(error)) throw error
  }
  try {
    return await connection.definePool(poolXml(name, path), options)
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    // Another owner, who has other locks, may have made it in between.
    return await connection.lookupPool(name, options).catch(() => {
      throw error
    })
  }
}

/** How long another one's volume may take to be made in a pool; a sparse one takes milliseconds. */
const busyMs = 10_000
const lookEveryMs = 25

/**
 * Has libvirt look at the pool's folder. It refuses (as an internal error) while it makes a volume there, also
 * another owner's, and tells nobody when it is done: it is asked again.
 */
export async function refreshPool(pool: StoragePool, call: Call): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lookEveryMs) {
    try {
      await pool.refresh(signalOf(call))
      return
    } catch (error) {
      if (!isLibvirtError(error, 'internal-error') || waitedMs >= busyMs) throw error
    }
    await new Promise((resolve) => {
      setTimeout(resolve, lookEveryMs)
    })
    call.signal.throwIfAborted()
  }
}

export async function findVolume(pool: StoragePool, name: string, call: Call): Promise<StorageVolume | undefined> {
  try {
    return await pool.lookupVolume(name, signalOf(call))
  } catch (error) {
    if (isNoStorageVolume(error)) return undefined
    throw error
  }
}

/** Makes the volume; one that is there already (ours by its run id) is kept. */
export async function ensureVolume(
  session: Session,
  pool: StoragePool,
  name: string,
  sizeBytes: number,
  format: 'qcow2' | 'raw',
  call: Call,
): Promise<void> {
  await session.run(`make the volume ${pool.name}/${name}`, call, async () => {
    try {
      await pool.createVolume(volumeXml(name, sizeBytes, format), signalOf(call))
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  })
}

/** Deletes the volume; true where there was one. */
export async function deleteVolume(session: Session, pool: StoragePool, name: string, call: Call): Promise<boolean> {
  return await session.run(`delete the volume ${pool.name}/${name}`, call, async () => {
    const volume = await findVolume(pool, name, call)
    if (!volume) return false
    try {
      await volume.delete(signalOf(call))
    } catch (error) {
      if (isNoStorageVolume(error)) return false
      throw error
    }
    return true
  })
}

/** Every active pool of ours, looked at afresh, with the names of its volumes. */
export async function ourPools(
  session: Session,
  call: Call,
): Promise<readonly { readonly pool: StoragePool; readonly volumes: readonly string[] }[]> {
  return await session.run('list the pools', call, async (connection) => {
    const pools = (await connection.listPools(signalOf(call))).filter((pool) => isOurPool(pool.name))
    const found: { pool: StoragePool; volumes: string[] }[] = []
    for (const pool of pools) {
      try {
        if (!(await wake(pool, call))) continue
        await refreshPool(pool, call)
        found.push({ pool, volumes: (await pool.listVolumes(signalOf(call))).map((volume) => volume.name) })
      } catch (error) {
        // Its last user, another owner perhaps, took it away while we looked.
        if (!isNoStoragePool(error) && !isOperationInvalid(error)) throw error
      }
    }
    return found
  })
}

/** Another owner may be doing the same, or waking the pool to look into it. */
const removalTries = 3

/** Somebody else who removes the same pool may have been faster. */
async function deleteFolder(pool: StoragePool, call: Call): Promise<void> {
  try {
    await pool.delete(signalOf(call))
  } catch (error) {
    if (!isLibvirtError(error, 'system-error') || error.int1 !== constants.errno.ENOENT) throw error
  }
}

/** Removes a pool that holds nothing: its folder too. A lost race is no error, and a pool where a volume is made is in use. */
export async function removeEmptyPool(session: Session, pool: StoragePool, call: Call): Promise<boolean> {
  return await session.run(`remove the empty pool ${pool.name}`, call, async () => {
    const options = signalOf(call)
    for (let tries = 1; ; tries += 1) {
      try {
        if (await pool.isActive(options)) await pool.destroy(options)
        await deleteFolder(pool, call)
        await pool.undefine(options)
        return true
      } catch (error) {
        if (isNoStoragePool(error)) return false
        const isRace = isLibvirtError(error, 'operation-invalid', 'internal-error', 'system-error')
        if (!isRace) throw error
        if (tries < removalTries) continue
        if (isLibvirtError(error, 'system-error')) throw error
        return false
      }
    }
  })
}
