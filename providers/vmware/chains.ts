/**
 * Which disk lies on which. VMware knows a machine's own snapshots, but not for sure that the disk of another machine lies on
 * what one of them holds, so whoever removes a snapshot or a machine asks here first.
 */
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { parentOf } from './disk-file.ts'
import { disksOf } from './info.ts'
import { allMachines, isOwn, type OwnMachine } from './machines.ts'
import { isSamePath, pathsOf } from './names.ts'
import type { Session } from './session.ts'
import { readSnapshots } from './snapshot-file.ts'

export interface MachineChains {
  readonly machine: OwnMachine
  /** Of each disk, as it is and as snapshots hold it: its file, and those that it lies on. */
  readonly chains: readonly (readonly string[])[]
}

/** More than any chain has; a circle ends there. */
const longestChain = 500

/** All machines with a mark of their own. */
export async function readChains(session: Session, call: Call): Promise<readonly MachineChains[]> {
  const own = (await allMachines(session, call)).filter((machine) => isOwn(session, machine))
  return await Promise.all(
    own.map(async (machine) => {
      const { snapshots } = await readSnapshots(session, machine)
      const files = [...disksOf(session, machine), ...snapshots.flatMap(({ disks }) => disks)]
      return { machine, chains: await Promise.all(files.map(chainOf)) }
    }),
  )
}

async function chainOf(file: string): Promise<readonly string[]> {
  const chain = [file]
  for (let next = await parentOf(file); next !== undefined && chain.length < longestChain; next = await parentOf(next))
    chain.push(next)
  return chain
}

/** The machines whose disks lie on a file in this one's folder. */
export async function dependentsOf(session: Session, ref: MachineRef, call: Call): Promise<readonly MachineRef[]> {
  const all = await readChains(session, call)
  const here = all.find(({ machine }) => machine.ref.id === ref.id)?.machine.folder
  if (here === undefined) return []
  return all
    .filter(
      ({ machine, chains }) =>
        machine.ref.id !== ref.id && chains.some((chain) => liesOn(session, machine, chain, here)),
    )
    .map(({ machine }) => machine.ref)
}

/** The first file of another machine counts: what that one lies on is its affair. */
function liesOn(session: Session, { folder }: OwnMachine, chain: readonly string[], here: string): boolean {
  const folderOf = (file: string): string => pathsOf(session.platform).dirname(file)
  const first = chain.find((file) => !isSamePath(folderOf(file), folder, session.platform))
  return first !== undefined && isSamePath(folderOf(first), here, session.platform)
}

/** Whether a machine other than this one needs one of the files. */
export function isNeededByOthers(
  session: Session,
  all: readonly MachineChains[],
  { ref }: OwnMachine,
  files: readonly string[],
): boolean {
  return all.some(
    ({ machine, chains }) =>
      machine.ref.id !== ref.id &&
      chains.flat().some((each) => files.some((file) => isSamePath(file, each, session.platform))),
  )
}
