/** What VMware notes of a machine's snapshots: NAME.vmsd, a dictionary as the .vmx is. Read, never written. */
import { readFile } from 'node:fs/promises'
import { isThere } from '../../src/store/is-there.ts'
import type { FoundMachine } from './machines.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { VmxFile } from './vmx-file.ts'

export interface NotedSnapshot {
  /** VMware's own number of it. */
  readonly uid: string
  readonly name: string
  /** Uid of the one that it was made after; '' for the first. */
  readonly parent: string
  readonly created: Date
  /** Of a machine that ran. */
  readonly hasMemory: boolean
  /** The files that were frozen for it. */
  readonly disks: readonly string[]
}

export interface NotedSnapshots {
  /** In the order in which they were made. */
  readonly snapshots: readonly NotedSnapshot[]
  /** Uid of the one that the machine's state came from; '' where there is none. */
  readonly current: string
  /** The .vmx files of linked clones, wherever they are; also of those that are gone: VMware forgets none. */
  readonly clones: readonly string[]
}

export async function readSnapshots(session: Session, machine: FoundMachine): Promise<NotedSnapshots> {
  const paths = pathsOf(session.platform)
  const { file, folder } = machine
  const text = await readFile(file.replace(/\.vmx$/i, '.vmsd'), 'utf8').catch(() => '')
  const vmsd = VmxFile.parse(text)
  const numbers = vmsd.entries.flatMap(([key]) => /^snapshot(\d+)\.uid$/i.exec(key)?.[1] ?? []) // snapshot0.uid
  const snapshots = await Promise.all(
    numbers.map(async (number): Promise<NotedSnapshot> => {
      const get = (key: string): string => vmsd.get(`snapshot${number}.${key}`) ?? ''
      const memory = paths.resolve(folder, get('filename').replace(/\.vmsn$/i, '.vmem'))
      return {
        uid: get('uid'),
        name: get('displayName'),
        parent: get('parent'),
        created: timeOf(get('createTimeHigh'), get('createTimeLow')),
        // The memory lies in a file of its own beside the .vmsn.
        hasMemory: await isThere(memory),
        disks: vmsd.entries
          .filter(([key]) => new RegExp(`^snapshot${number}\\.disk\\d+\\.fileName$`, 'i').test(key))
          .map(([, name]) => paths.resolve(folder, name)),
      }
    }),
  )
  const byUid = snapshots.toSorted((a, b) => Number(a.uid) - Number(b.uid))
  return {
    snapshots: byUid,
    current: byUid.length === 0 ? '' : (vmsd.get('snapshot.current') ?? ''),
    clones: vmsd.entries.filter(([key]) => cloneKey.test(key)).map(([, clone]) => paths.resolve(folder, clone)),
  }
}

const cloneKey = /^snapshot\d+\.clone\d+$/i // snapshot0.clone0

/** Microseconds after 1970 in two halves, of which the lower one is written with a sign. */
function timeOf(high: string, low: string): Date {
  return new Date((Number(high) * 2 ** 32 + (Number(low) >>> 0)) / 1000)
}
