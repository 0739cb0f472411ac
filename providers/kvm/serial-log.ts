/** What a serial port said, from virtlogd's files in the pool: at most four of 2 MiB each, the oldest dropped. */
import type { StoragePool } from 'libvirt-ts'
import { isNotFound } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { ConsolePort } from '../../src/provider/capabilities.ts'
import type { Call, LogStart } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { translateError } from './errors.ts'
import { kvmMark, type LogState } from './mark-metadata.ts'
import { machineFiles } from './names.ts'
import { serialIndexOf } from './serial-ports.ts'
import { signalOf, type Session } from './session.ts'
import { findPool, findVolume, refreshPool } from './storage.ts'
import { parseXml } from './xml-reader.ts'

/** virtlogd's default (virtlogd.conf max_size, max_backups), said wherever a log is shown. */
export const logLimit =
  'libvirt keeps the last 2 to 8 MiB of the serial port (virtlogd: 2 MiB in each of four files); what is older is gone.'

const nothingYet: LogState = { logBytesAtStart: 0, rotationAtStart: '' }

interface LogPlace {
  readonly pool: StoragePool
  readonly name: string
  /** What the file held when the machine was last started, and which older one there was. */
  readonly atStart: LogState
}

/** How much the serial log holds now, for a start to note. */
export async function serialLogState(
  session: Session,
  ref: MachineRef,
  port: ConsolePort,
  call: Call,
): Promise<LogState> {
  const place = await logPlace(session, ref, port, call)
  if (!place) return nothingYet
  await refresh(session, place, call)
  const [logBytesAtStart, rotationAtStart] = await Promise.all([
    sizeOf(session, place, call),
    rotationOf(session, place, call),
  ])
  return { logBytesAtStart, rotationAtStart }
}

export async function* readSerialLog(
  session: Session,
  ref: MachineRef,
  port: ConsolePort,
  call: Call,
): AsyncIterable<Uint8Array> {
  const place = await logPlace(session, ref, port, call)
  if (!place) return
  await refresh(session, place, call)
  for (const name of namesOldestFirst(place.name)) yield* readFrom(session, place.pool, name, 0, call)
}

function namesOldestFirst(name: string): readonly string[] {
  return [`${name}.2`, `${name}.1`, `${name}.0`, name]
}

/** How often the growing file is looked at; a read of nothing new takes about a millisecond. */
const lookEveryMs = 100

/** virtlogd may still write what it was given when the machine is off already, and tells nobody when it is done. */
const quietLooksAtEnd = 3

/** What is there, or what this boot said of it, then what comes, until the machine is off. */
export async function* followSerialLog(
  session: Session,
  ref: MachineRef,
  port: ConsolePort,
  from: LogStart,
  call: Call,
): AsyncIterable<Uint8Array> {
  let { offset, rotation } = yield* beginning(session, ref, port, from, call)
  let quietLooks = 0
  for (;;) {
    const place = await logPlace(session, ref, port, call)
    const isOn = await isActive(session, ref, call)
    if (place) {
      await refresh(session, place, call)
      const now = await rotationOf(session, place, call)
      const size = await sizeOf(session, place, call)
      // virtlogd began a new file: the rest of the old one is in `.0` now. None at all: it is just renaming them.
      const isRotated = now !== '' && now !== rotation
      if (isRotated) yield* readFrom(session, place.pool, `${place.name}.0`, offset, call)
      // By size alone where virtlogd keeps no older files.
      if (isRotated || size < offset) offset = 0
      if (isRotated) rotation = now
      for await (const chunk of readFrom(session, place.pool, place.name, offset, call)) {
        offset += chunk.length
        quietLooks = -1
        yield chunk
      }
    }
    quietLooks = isOn ? 0 : quietLooks + 1
    if (quietLooks === quietLooksAtEnd) return
    await delay(lookEveryMs, call.signal)
  }
}

interface LogOffset {
  /** In the file that virtlogd writes. */
  readonly offset: number
  readonly rotation: string
}

/**
 * Gives what is in older files, and where to go on in the newest. Where virtlogd began a new file since the last
 * start, nothing tells any more where this boot began: all that there is may be of it.
 */
async function* beginning(
  session: Session,
  ref: MachineRef,
  port: ConsolePort,
  from: LogStart,
  call: Call,
): AsyncGenerator<Uint8Array, LogOffset> {
  const place = await logPlace(session, ref, port, call)
  if (!place) return { offset: 0, rotation: '' }
  await refresh(session, place, call)
  const rotation = await rotationOf(session, place, call)
  const { logBytesAtStart, rotationAtStart } = place.atStart
  if (from === 'last-start' && rotation === rotationAtStart) return { offset: logBytesAtStart, rotation }
  for (const name of namesOldestFirst(place.name).slice(0, -1)) yield* readFrom(session, place.pool, name, 0, call)
  return { offset: 0, rotation }
}

/** Tells the newest of the older files from those that were in its place before: its size and its last write. */
async function rotationOf(session: Session, place: LogPlace, call: Call): Promise<string> {
  return await session.run('look at the older log', call, async () => {
    try {
      const volume = await findVolume(place.pool, `${place.name}.0`, call)
      if (!volume) return ''
      const xml = parseXml(await volume.xml(signalOf(call)))
      return [xml.find('capacity')?.text, xml.find('target', 'timestamps', 'mtime')?.text].join(' ')
    } catch (error) {
      // virtlogd renamed it between the look and the read.
      if (isNotFound(error)) return ''
      throw error
    }
  })
}

async function logPlace(
  session: Session,
  ref: MachineRef,
  port: ConsolePort,
  call: Call,
): Promise<LogPlace | undefined> {
  const domain = await session.findDomain(ref, call)
  if (!domain) return undefined
  const { mark, serialLogPaths } = await session.config(domain, call)
  if (!mark) return undefined
  const kept = kvmMark(mark)
  const pool = await findPool(session, kept.pool, call)
  if (!pool) return undefined
  const index = serialIndexOf(port, serialLogPaths.length)
  const name = machineFiles(mark.name, mark.runId).serialLog(index)
  return { pool, name, atStart: index === 0 ? kept : (kept.systemLogAtStart ?? nothingYet) }
}

async function isActive(session: Session, ref: MachineRef, call: Call): Promise<boolean> {
  const domain = await session.findDomain(ref, call)
  return domain !== undefined && (await session.run('read the state', call, () => domain.isActive(signalOf(call))))
}

async function refresh(session: Session, place: LogPlace, call: Call): Promise<void> {
  await session.run('look at the pool', call, () => refreshPool(place.pool, call))
}

async function sizeOf(session: Session, place: LogPlace, call: Call): Promise<number> {
  return await session.run('look at the log', call, async () => {
    const volume = await findVolume(place.pool, place.name, call)
    return volume ? (await volume.info(signalOf(call))).capacityBytes : 0
  })
}

async function* readFrom(
  session: Session,
  pool: StoragePool,
  name: string,
  offsetBytes: number,
  call: Call,
): AsyncIterable<Uint8Array> {
  const volume = await session.run(`look for ${name}`, call, () => findVolume(pool, name, call))
  if (!volume) return
  try {
    yield* volume.download({ ...signalOf(call), offsetBytes })
  } catch (error) {
    // Between the look and the read virtlogd may have renamed the file.
    if (!isNotFound(error)) throw translateError(error, `read ${name}`, session.choice.uri)
  }
}

async function delay(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    if (signal.aborted) done()
  })
  if (signal.aborted) throw new AzlVmError('cancelled', 'interrupted while following the serial port’s log')
}
