/** Whose disks lie on whose: VirtualBox notes a disk that lies on another one with the machine that has that one. */
import path from 'node:path'
import { dependent, type Dependent } from '../../src/provider/dependents.ts'
import { isOwn, type FoundMachine } from './machines.ts'
import { virtualBoxMark } from './mark-text.ts'
import type { DiskMedium } from './settings-file.ts'

/** The machines whose disks lie on one of this machine's, or are about to; not those that need it through others only. */
export function dependentsAmong(machine: FoundMachine, all: readonly FoundMachine[]): readonly Dependent[] {
  const media = mediaOf(all)
  return all
    .filter(({ ref }) => ref.id !== machine.ref.id)
    .filter((other) => firstForeign(other, media).some(({ path: file }) => isBelow(file, machine.folder)))
    .map((other) => dependent(other.ref, isOwn(other)))
}

/** A disk that two machines know is with one of them. */
function mediaOf(all: readonly FoundMachine[]): ReadonlyMap<string, DiskMedium> {
  return new Map(all.flatMap(({ settings }) => settings.media.map((medium) => [medium.uuid, medium] as const)))
}

/** Files of all the disks of a machine, and of what these lie on. */
export function disksBelow(machine: FoundMachine, all: readonly FoundMachine[]): readonly string[] {
  const media = mediaOf(all)
  const files = attachedTo(machine).flatMap((uuid) => {
    const chain = []
    for (let medium = media.get(uuid); medium; medium = media.get(medium.parent ?? '')) chain.push(medium.path)
    return chain.length > 0 ? chain : (machine.paths.get(uuid) ?? [])
  })
  return [...new Set(files)]
}

/** UUIDs of the disks that it has, and that its snapshots hold. */
function attachedTo({ settings }: FoundMachine): readonly string[] {
  const states = [settings.hardware, ...settings.snapshots.map(({ hardware }) => hardware)]
  return states.flatMap(({ disks }) => disks.map(({ uuid }) => uuid))
}

/** What a clone is about to lie on: its mark names that before there is any disk. */
export function basesAboutToBe(machine: FoundMachine): readonly string[] {
  return machine.mark && isOwn(machine) ? virtualBoxMark(machine.mark).base : []
}

/** Of each disk of a machine the first that it lies on, and that is not its own. */
function firstForeign(machine: FoundMachine, media: ReadonlyMap<string, DiskMedium>): readonly DiskMedium[] {
  const { folder } = machine
  const uuids = [...attachedTo(machine), ...basesAboutToBe(machine)]
  return uuids.flatMap((uuid) => {
    let medium = media.get(uuid)
    while (medium && isBelow(medium.path, folder)) medium = media.get(medium.parent ?? '')
    return medium ? [medium] : []
  })
}

export function isBelow(file: string, folder: string): boolean {
  const relative = path.relative(folder, file)
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative)
}
