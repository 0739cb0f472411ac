/** Whose disks lie on whose: VirtualBox notes a disk that lies on another one with the machine that has that one. */
import path from 'node:path'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { allMachines, isOwn, type FoundMachine } from './machines.ts'
import { virtualBoxMark } from './mark-text.ts'
import type { Session } from './session.ts'
import type { DiskMedium } from './settings-file.ts'

/** The machines whose disks lie on one of this machine's, or are about to; not those that need it through others only. */
export async function dependentsOf(
  session: Session,
  machine: FoundMachine,
  call: Call,
): Promise<readonly MachineRef[]> {
  const all = await allMachines(session, call)
  const media = new Map(all.flatMap(({ settings }) => settings.media.map((medium) => [medium.uuid, medium] as const)))
  return all
    .filter(({ ref }) => ref.id !== machine.ref.id)
    .filter((other) => firstForeign(other, media).some(({ path: file }) => isBelow(file, machine.folder)))
    .map(({ ref }) => ref)
}

/** What a clone is about to lie on: its mark names that before there is any disk. */
export function basesAboutToBe(machine: FoundMachine): readonly string[] {
  return machine.mark && isOwn(machine) ? virtualBoxMark(machine.mark).base : []
}

/** Of each disk of a machine the first that it lies on, and that is not its own. */
function firstForeign(machine: FoundMachine, media: ReadonlyMap<string, DiskMedium>): readonly DiskMedium[] {
  const { settings, folder } = machine
  const attached = [settings.hardware, ...settings.snapshots.map(({ hardware }) => hardware)]
  const uuids = [...attached.flatMap(({ disks }) => disks.map(({ uuid }) => uuid)), ...basesAboutToBe(machine)]
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
