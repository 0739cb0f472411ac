import type { MachineInfo, PowerState } from '../../src/provider/machine.ts'
import type { FoundMachine } from './machines.ts'
import { virtualBoxMark } from './mark-text.ts'
import { opticalPorts } from './names.ts'
import { readVdiHeader } from './vdi-header.ts'

/** A machine in the words of the contract. */
export async function infoOf(machine: FoundMachine): Promise<MachineInfo> {
  const { ref, mark, state, settings, secureBoot } = machine
  const { memoryBytes, cpus, tpm, cards } = settings.hardware
  const modes = mark === undefined ? [] : virtualBoxMark(mark).networkModes
  return {
    ref,
    state: powerState(state),
    reason: reasons.get(state) ?? (powerState(state) === 'unknown' ? `VirtualBox: ${state}` : ''),
    mark,
    acceleration: 'hardware',
    architecture: settings.architecture,
    cpus,
    memoryBytes,
    disks: await Promise.all(
      disksOf(machine).map(async ({ file }) => ({
        where: file,
        sizeBytes: (await readVdiHeader(file))?.sizeBytes ?? 0,
      })),
    ),
    secureBoot,
    tpm,
    hasSystemPort: false,
    networks: cards.map(({ mac }, index) => ({ mode: modes[index] ?? 'unknown', mac })),
    installer: imageIn(machine, opticalPorts.installer),
  }
}

/** Its disks by port; a file that the settings do not name is ''. */
export function disksOf({
  settings,
  paths,
}: FoundMachine): readonly { readonly port: number; readonly uuid: string; readonly file: string }[] {
  return settings.hardware.disks
    .map(({ port, uuid }) => ({
      port,
      uuid,
      file: settings.media.find((medium) => medium.uuid === uuid)?.path ?? paths.get(uuid) ?? '',
    }))
    .toSorted((a, b) => a.port - b.port)
}

/** What is in the drive at a port; undefined where it is empty. */
export function imageIn({ settings, paths }: FoundMachine, port: number): string | undefined {
  const uuid = settings.hardware.drives.find((drive) => drive.port === port)?.uuid
  return uuid === undefined ? undefined : (paths.get(uuid) ?? settings.images.get(uuid) ?? uuid)
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['aborted', 'its process ended without switching it off (VirtualBox: aborted)'],
  ['aborted-saved', 'its process ended while its memory was read back (VirtualBox: aborted-saved)'],
  ['gurumeditation', 'VirtualBox met an error that it cannot go on from (guru meditation): see its VBox.log'],
])

/** VirtualBox's states (VMState) as ours. */
export function powerState(state: string): PowerState {
  switch (state) {
    case 'poweroff':
    case 'aborted':
    case 'teleported':
      return 'off'
    case 'running':
    case 'livesnapshotting':
    case 'teleporting':
    case 'deletingsnapshotlive':
    case 'onlinesnapshotting':
      return 'running'
    case 'paused':
    case 'teleportingpausedvm':
    case 'deletingsnapshotlivepaused':
      return 'paused'
    case 'saved':
    case 'aborted-saved':
      return 'saved'
    case 'starting':
    case 'restoring':
      return 'starting'
    case 'stopping':
    case 'saving':
      return 'stopping'
    case 'gurumeditation':
      return 'crashed'
    // Its settings or disks are being changed; it does not run.
    case 'settingup':
    case 'snapshotting':
    case 'restoringsnapshot':
    case 'deletingsnapshot':
      return 'off'
    default:
      return 'unknown'
  }
}
