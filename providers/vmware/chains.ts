/**
 * Which disk lies on which, of all machines that are known, whoever made them: VMware itself removes what a clone lies on
 * without a word, so whoever removes a snapshot or a machine asks here first.
 */
import type { Call } from '../../src/provider/contract.ts'
import { dependent, type Dependent } from '../../src/provider/dependents.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import { parentOf } from './disk-file.ts'
import { allMachines, isOwn, readMachine, type FoundMachine } from './machines.ts'
import { isSamePath, pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { readSnapshots } from './snapshot-file.ts'

interface MachineDisks {
  readonly machine: FoundMachine
  /** Of each disk, as it is and as snapshots hold it: its file, and those that it lies on. */
  readonly chains: readonly (readonly string[])[]
  /** False where a file could not be read: a machine that runs on Windows has its disks for itself. */
  readonly isWhole: boolean
  /** Clones as VMware notes them, wherever they are: their .vmx files. */
  readonly clones: readonly string[]
}

export interface MachineChains extends MachineDisks {
  /** Ids of the machines that it is noted to be a clone of, where its disks do not tell. */
  readonly mayLieOn: readonly string[]
}

/** More than any chain has; a circle ends there. */
const longestChain = 500

/** Of all machines in the folders for machines, and of the clones that VMware notes with these. */
export async function readChains(session: Session, call: Call): Promise<readonly MachineChains[]> {
  const here = await Promise.all((await allMachines(session, call)).map((machine) => disksOfMachine(session, machine)))
  const elsewhere = await clonesElsewhere(session, here)
  return [...here, ...elsewhere].map((each) => ({
    ...each,
    mayLieOn: each.isWhole ? [] : originsOf(session, each, here),
  }))
}

async function disksOfMachine(session: Session, machine: FoundMachine): Promise<MachineDisks> {
  const { snapshots, clones } = await readSnapshots(session, machine)
  const files = [...disksNamedBy(session, machine), ...snapshots.flatMap(({ disks }) => disks)]
  const chains = await Promise.all(files.map(chainOf))
  return {
    machine,
    chains: chains.map(({ chain }) => chain),
    isWhole: chains.every(({ isWhole }) => isWhole),
    clones,
  }
}

const diskKey = /^(?:ide|nvme|sata|scsi)\d+:\d+\.fileName$/i // scsi0:0.fileName

/** On any controller: who made the machine is not asked. */
function disksNamedBy({ platform }: Session, { vmx, folder }: FoundMachine): readonly string[] {
  return vmx.entries
    .filter(([key, value]) => diskKey.test(key) && /\.vmdk$/i.test(value))
    .map(([, value]) => pathsOf(platform).resolve(folder, value))
}

/** A disk and those that it lies on; not whole where one could not be read. */
export async function chainOf(file: string): Promise<{ readonly chain: readonly string[]; readonly isWhole: boolean }> {
  const chain = [file]
  try {
    for (
      let next = await parentOf(file);
      next !== undefined && chain.length < longestChain;
      next = await parentOf(next)
    )
      chain.push(next)
    return { chain, isWhole: true }
  } catch (error) {
    if (hasCode(error, 'EACCES', 'EPERM', 'EBUSY')) return { chain, isWhole: false }
    throw error
  }
}

/** VMware forgets no clone: those that are gone by now are none. */
async function clonesElsewhere(session: Session, here: readonly MachineDisks[]): Promise<readonly MachineDisks[]> {
  const isHere = (file: string): boolean => here.some(({ machine }) => isSamePath(machine.file, file, session.platform))
  const files = new Set(here.flatMap(({ clones }) => clones).filter((file) => !isHere(file)))
  const machines = await Promise.all([...files].map((file) => readMachine(session, file)))
  return await Promise.all(machines.flatMap((machine) => (machine ? [disksOfMachine(session, machine)] : [])))
}

/** By its mark, or by what VMware noted with the originals. */
function originsOf(session: Session, { machine }: MachineDisks, here: readonly MachineDisks[]): readonly string[] {
  const noted = here
    .filter(({ clones }) => clones.some((file) => isSamePath(file, machine.file, session.platform)))
    .map((original) => original.machine.ref.id)
  const marked = isOwn(session, machine) ? machine.mark.cloneOf?.machineId : undefined
  return marked === undefined ? noted : [...noted, marked]
}

/** The machines whose disks lie on a file of this one's. */
export async function dependentsOf(session: Session, ref: MachineRef, call: Call): Promise<readonly Dependent[]> {
  const all = await readChains(session, call)
  const here = all.find(({ machine }) => machine.ref.id === ref.id)
  if (here === undefined) return []
  return all
    .filter(({ machine }) => machine.ref.id !== ref.id)
    .filter((other) => other.mayLieOn.includes(ref.id) || liesOn(session, other, here, all))
    .map(({ machine }) => dependent(machine.ref, isOwn(session, machine)))
}

/** The first file of another machine counts: what that one lies on is its affair. */
function liesOn(
  { platform }: Session,
  other: MachineChains,
  here: MachineChains,
  all: readonly MachineChains[],
): boolean {
  const paths = pathsOf(platform)
  // In a folder that somebody put a second machine into, a file is whose disks lie on it.
  const isOf = (file: string, { machine, chains }: MachineChains): boolean =>
    isSamePath(paths.dirname(file), machine.folder, platform) &&
    (!isSamePath(machine.folder, other.machine.folder, platform) ||
      chains.flat().some((each) => isSamePath(each, file, platform)))
  const others = all.filter((each) => each !== other)
  return other.chains.some((chain) => {
    const first = chain.find((file) => others.some((each) => isOf(file, each)))
    return first !== undefined && isOf(first, here)
  })
}

/** Whether a machine other than this one needs one of the files. */
export function isNeededByOthers(
  session: Session,
  all: readonly MachineChains[],
  { ref }: FoundMachine,
  files: readonly string[],
): boolean {
  return all.some(
    ({ machine, chains, mayLieOn }) =>
      machine.ref.id !== ref.id &&
      (mayLieOn.includes(ref.id) ||
        chains.flat().some((each) => files.some((file) => isSamePath(file, each, session.platform)))),
  )
}
