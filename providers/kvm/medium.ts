/** The installer's drive: a medium is read where it lies, or from a copy in the pool; the user's file stays as it is. */
import { realpath, stat } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import path from 'node:path'
import type { Domain, StoragePool } from 'libvirt-ts'
import { isAlreadyExists, isNotFound, LibvirtError } from 'libvirt-ts'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, Medium } from '../../src/provider/machine.ts'
import { architectureOf } from './domain-config.ts'
import { opticalWithMedium } from './domain-xml.ts'
import { kvmMark } from './mark-metadata.ts'
import { isFinishedByAnother } from './foreign-upload.ts'
import { inPool, lookPoolName, okVolumeName } from './names.ts'
import { signalOf, type Session } from './session.ts'
import { removeUnusedIso } from './iso-copies.ts'
import { deleteVolume, ensureVolume, findPool, refreshPool } from './storage.ts'
import { lookPoolXml, volumeXml } from './storage-xml.ts'
import { parseXml } from './xml-reader.ts'

export interface Placed {
  readonly path: string
  /** False where the file is the user's own: libvirt must not change its owner. */
  readonly isCopy: boolean
}

/** Puts the medium where the hypervisor reads it, and into the drive; `volume` is its name where it has to be copied. */
export async function attachMedium(
  session: Session,
  ref: MachineRef,
  medium: Medium,
  volume: string,
  call: Call,
): Promise<Placed> {
  const domain = await session.domain(ref, call)
  const { pool, runId } = await placeOf(session, ref, domain, call)
  const seen = await inPlace(session, runId, medium, call)
  // From the copy to the drive nobody may take the copy for an unused one.
  return await session.context.sharedLock(`pool ${session.choice.uri} ${pool.name}`, call, async () => {
    const placed = seen ?? (await copyToPool(session, pool, medium, volume, call))
    const before = await setDrive(session, domain, placed, call)
    if (before !== undefined) await removeUnusedIso(session, pool, before, call)
    return placed
  })
}

export async function ejectMedium(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const domain = await session.domain(ref, call)
  const before = await setDrive(session, domain, undefined, call)
  if (before === undefined) return
  const { pool } = await placeOf(session, ref, domain, call)
  await session.context.sharedLock(`pool ${session.choice.uri} ${pool.name}`, call, () =>
    removeUnusedIso(session, pool, before, call),
  )
}

async function placeOf(
  session: Session,
  ref: MachineRef,
  domain: Domain,
  call: Call,
): Promise<{ readonly pool: StoragePool; readonly runId: string }> {
  const { mark } = await session.config(domain, call)
  const pool = await findPool(session, mark ? kvmMark(mark).pool : 'azl-vm', call)
  if (!pool) throw new AzlVmError('backend-failed', `the pool of the machine "${ref.name}" is gone`)
  return { pool, runId: mark?.runId ?? ref.id }
}

/** Returns what was in the drive and is not any more. */
async function setDrive(
  session: Session,
  domain: Domain,
  placed: Placed | undefined,
  call: Call,
): Promise<string | undefined> {
  return await session.run(`change the medium of ${domain.name}`, call, async () => {
    const config = session.parse(await domain.xml({ ...signalOf(call), inactive: true }))
    const [drive] = config.optical
    if (!drive || drive.path === placed?.path) return undefined
    const isRelabelled = placed === undefined || placed.isCopy || session.choice.isSession
    const xml = opticalWithMedium(architectureOf(config), placed?.path, isRelabelled, drive.bootOrder)
    const isActive = await domain.isActive(signalOf(call))
    await domain.updateDevice(xml, { ...signalOf(call), config: true, live: isActive, force: isActive })
    return drive.path
  })
}

/** The user's own file, where libvirt surely sees the same file and QEMU's user may read it. */
async function inPlace(session: Session, runId: string, medium: Medium, call: Call): Promise<Placed | undefined> {
  const { choice } = session
  if (!choice.isLocal) return undefined
  const file = await placeInPlace(medium.path, choice.isSession)
  if (file === undefined) return undefined
  const seenBytes = await sizeSeenByDaemon(session, runId, file, call)
  return seenBytes === medium.sizeBytes ? { path: file, isCopy: false } : undefined
}

/**
 * The file itself, behind all symbolic links: it is what QEMU opens, and its folders are what QEMU passes. Undefined
 * where QEMU's user may not.
 */
async function placeInPlace(mediumPath: string, isSession: boolean): Promise<string | undefined> {
  try {
    const file = await realpath(mediumPath)
    return isSession || (await isReadableByAll(file)) ? file : undefined
  } catch (error) {
    throw new AzlVmError('medium-unreadable', `cannot look at ${mediumPath}: ${errorText(error)}`, { cause: error })
  }
}

/** QEMU runs as a user of its own: every folder must let others pass, and the file must let others read. */
async function isReadableByAll(file: string): Promise<boolean> {
  const [otherExecute, otherRead] = [0o001, 0o004]
  if (((await stat(file)).mode & otherRead) === 0) return false
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    if (((await stat(folder)).mode & otherExecute) === 0) return false
    if (folder === path.dirname(folder)) return true
  }
}

/** A transient pool on the file's folder shows the daemon's side of it. Undefined where the daemon cannot look. */
async function sizeSeenByDaemon(
  session: Session,
  runId: string,
  file: string,
  call: Call,
): Promise<number | undefined> {
  const folder = path.dirname(file)
  return await session.run(`see whether libvirt sees ${file}`, call, async (connection) => {
    let pool: StoragePool
    let isOurs = true
    try {
      pool = await connection.createPool(lookPoolXml(lookPoolName(runId), folder), signalOf(call))
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      // The folder is a pool already, or the daemon cannot open it.
      try {
        pool = await connection.lookupPoolByTargetPath(folder, signalOf(call))
        await refreshPool(pool, call)
        isOurs = false
      } catch (second) {
        if (!(second instanceof LibvirtError)) throw second
        return undefined
      }
    }
    try {
      return await capacityOf(pool, path.basename(file), call)
    } finally {
      if (isOurs) await pool.destroy()
    }
  })
}

async function capacityOf(pool: StoragePool, name: string, call: Call): Promise<number | undefined> {
  try {
    const volume = await pool.lookupVolume(name, signalOf(call))
    return (await volume.info(signalOf(call))).capacityBytes
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** One copy per digest, shared by all machines; it counts only with the empty volume `.ok` beside it, made last. */
async function copyToPool(
  session: Session,
  pool: StoragePool,
  medium: Medium,
  name: string,
  call: Call,
): Promise<Placed> {
  if (!(await isFinishedByAnother(session, pool, name, call))) await uploadOnce(session, pool, name, medium, call)
  const poolPath =
    parseXml(await session.run('read the pool', call, () => pool.xml(signalOf(call)))).find('target', 'path')?.text ??
    ''
  return { path: inPool(poolPath, name), isCopy: true }
}

/** Uploads; where another owner is faster, theirs is waited for, and what nobody goes on with is cleared away. */
async function uploadOnce(
  session: Session,
  pool: StoragePool,
  name: string,
  medium: Medium,
  call: Call,
): Promise<void> {
  await deleteVolume(session, pool, okVolumeName(name), call)
  try {
    await upload(session, pool, name, medium, call)
  } catch (error) {
    const isThere: boolean = error instanceof AzlVmError && isAlreadyExists(error.cause)
    if (!isThere) throw error
    if (await isFinishedByAnother(session, pool, name, call)) return
    await deleteVolume(session, pool, name, call)
    await upload(session, pool, name, medium, call)
  }
}

async function upload(session: Session, pool: StoragePool, name: string, medium: Medium, call: Call): Promise<void> {
  await requireSpace(session, pool, medium.sizeBytes, call)
  await session.run(`upload ${medium.path} to ${pool.name}/${name}`, call, async () => {
    const volume = await pool.createVolume(volumeXml(name, medium.sizeBytes, 'raw'), signalOf(call))
    await volume.upload(readMedium(medium.path), {
      ...signalOf(call),
      lengthBytes: medium.sizeBytes,
      onProgress: (doneBytes) => {
        call.progress(doneBytes, medium.sizeBytes)
      },
    })
  })
  await ensureVolume(session, pool, okVolumeName(name), 0, 'raw', call)
}

async function* readMedium(file: string): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) yield chunk as Uint8Array
  } catch (error) {
    throw new AzlVmError('medium-unreadable', `cannot read ${file}: ${errorText(error)}`, { cause: error })
  }
}

async function requireSpace(session: Session, pool: StoragePool, sizeBytes: number, call: Call): Promise<void> {
  const { availableBytes } = await session.run('ask for the free space', call, () => pool.info(signalOf(call)))
  if (availableBytes >= sizeBytes) return
  throw new AzlVmError(
    'no-space',
    `the pool ${pool.name} at ${session.choice.uri} has ${mebi(availableBytes)} free, and the medium needs ${mebi(sizeBytes)}`,
    {
      hint: 'Free some space there, or set storage.path to a folder with more.',
    },
  )
}

function mebi(bytes: number): string {
  return `${String(Math.ceil(bytes / 1024 ** 2))} MiB`
}
