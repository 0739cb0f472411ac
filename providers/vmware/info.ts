import { absentMachine } from '../../src/provider/absent-machine.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineInfo, MachineRef } from '../../src/provider/machine.ts'
import { diskSize } from './disk-file.ts'
import { drives, mediumIn, modeOf, presentDevices } from './machine-vmx.ts'
import { stateOf } from './machine-state.ts'
import { findMachine, type FoundMachine } from './machines.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'
import type { VmxFile } from './vmx-file.ts'

const MiB = 1024 ** 2

/** A machine in the words of the contract; one that is not there, or gone meanwhile: absent. */
export async function infoOf(session: Session, ref: MachineRef, call: Call): Promise<MachineInfo> {
  const machine = await findMachine(session, ref, call)
  return machine ? await neutral(session, machine, call) : absentMachine(ref)
}

async function neutral(session: Session, machine: FoundMachine, call: Call): Promise<MachineInfo> {
  const { ref, mark, vmx } = machine
  return {
    ref,
    ...(await stateOf(session, machine, call)),
    mark,
    acceleration: 'hardware',
    architecture: vmx.get('guestOS')?.startsWith('arm-') === true ? 'aarch64' : 'x86_64',
    // As VMware takes it where nothing is said.
    cpus: Number(vmx.get('numvcpus') ?? 1),
    memoryBytes: Number(vmx.get('memsize') ?? 0) * MiB,
    disks: await Promise.all(
      disksOf(session, machine).map(async (where) => ({ where, sizeBytes: await diskSize(where) })),
    ),
    secureBoot: vmx.isTrue('uefi.secureBoot.enabled'),
    tpm: vmx.isTrue('vtpm.present'),
    hasSystemPort: false,
    networks: cardsOf(machine).map(({ mode, mac }) => ({ mode, mac })),
    installer: installerOf(machine),
  }
}

/** The files of its disks, in their order. */
export function disksOf(session: Session, { vmx, folder }: FoundMachine): readonly string[] {
  return diskNames(vmx).map((name) => pathsOf(session.platform).resolve(folder, name))
}

/** As they stand in the .vmx. */
export function diskNames(vmx: VmxFile): readonly string[] {
  return presentDevices(vmx, /^nvme0:\d+$/).flatMap((device) => vmx.get(`${device}.fileName`) ?? [])
}

export function cardsOf({ vmx }: Pick<FoundMachine, 'vmx'>): readonly { device: string; mode: string; mac: string }[] {
  return presentDevices(vmx, /^ethernet\d+$/).map((device) => ({
    device,
    mode: modeOf(vmx.get(`${device}.connectionType`)),
    mac: (vmx.get(`${device}.address`) ?? vmx.get(`${device}.generatedAddress`) ?? '').toLowerCase(),
  }))
}

/** What is in the installer's drive, or will be with the next start. */
export function installerOf({ vmx, note }: FoundMachine): string | undefined {
  return note.installer === undefined ? mediumIn(vmx, drives.installer) : (note.installer ?? undefined)
}
