/** What an adapter saw of one operation's object: there or not, and each key of the spec beside what was found. */
import { formatBytes } from '../format-bytes.ts'
import type { Observation } from './contract.ts'
import type { MachineInfo, MachineRequest } from './machine.ts'

/** A key of the spec, e.g. `machine.cpus`; both values as people are to read them, e.g. `2GiB`. Equal ones are no difference. */
export type ComparedKey = readonly [key: string, wanted: unknown, found: unknown]

/** Of an object that is as planned wherever it is at all. */
export function observedPresence(isThere: boolean): Observation {
  return { is: isThere ? 'done' : 'missing' }
}

/** Of an object that is there: done, or different in the keys whose values are not the same. */
export function observedKeys(keys: readonly ComparedKey[]): Observation {
  const differences = keys
    .filter(([, wanted, found]) => wanted !== found)
    .map(([key, wanted, found]) => ({ key, wanted: String(wanted), found: String(found) }))
  return differences.length === 0 ? { is: 'done' } : { is: 'different', differences }
}

/** Both sizes in bytes; `index` counts the spec's disks from 0. */
export function comparedDisk(index: number, wantedBytes: number, foundBytes: number): ComparedKey {
  return [`machine.disks[${String(index)}].size`, formatBytes(wantedBytes), formatBytes(foundBytes)]
}

/** How many cards, then what each is that is there; an address that was minted is nobody's wish. */
export function comparedCards(
  { spec }: MachineRequest,
  wanted: MachineInfo['networks'],
  found: MachineInfo['networks'],
): readonly ComparedKey[] {
  return [
    ['machine.networks', counted(wanted.length, 'network card'), counted(found.length, 'network card')],
    ...found.slice(0, wanted.length).flatMap(({ mode, mac }, index): readonly ComparedKey[] => {
      const key = `machine.networks[${String(index)}]`
      const isMinted = spec.machine.networks[index]?.mac === 'auto'
      return [
        [`${key}.mode`, wanted[index]?.mode, mode],
        ...(isMinted ? [] : [[`${key}.mac`, wanted[index]?.mac, mac] as const]),
      ]
    }),
  ]
}

/** `1 disk`, `2 disks`. */
export function counted(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`
}
