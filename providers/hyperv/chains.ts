/**
 * Which disk lies on which. Hyper-V knows its own checkpoints, but not that the disk of another machine lies on what
 * one of them holds: to merge that would ruin the other disk, so whoever removes a checkpoint asks here first.
 */
import * as z from 'zod'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { allMachines, type FoundMachine } from './machines.ts'
import { isMarkOf } from './mark-notes.ts'
import { pathsOf } from './names.ts'
import type { Session } from './session.ts'

const chainsSchema = z.object({ machines: z.array(z.object({ id: z.string(), chains: z.array(z.array(z.string())) })) })

/** The disks of one machine of ours. */
interface MachineDisks {
  readonly machine: FoundMachine
  /** Of each disk, as it is and as checkpoints hold it: its file, and those that it lies on. */
  readonly chains: readonly (readonly string[])[]
}

/** All machines with a mark of their own. A copy by hand carries the mark of another: what that names is not its own. */
export async function readChains(session: Session, call: Call): Promise<readonly MachineDisks[]> {
  const ours = (await allMachines(session, call)).filter(({ mark, vmId }) => mark && isMarkOf(mark, vmId))
  const asked = { action: 'see what the disks lie on', schema: chainsSchema }
  const { machines } = await session.run('list-disk-chains', { ids: ours.map(({ vmId }) => vmId) }, asked, call)
  return machines.flatMap(({ id, chains }) => {
    const machine = ours.find(({ vmId }) => vmId === id)
    return machine ? [{ machine, chains: [...chains, ...baseOf(machine).map((path) => [path])] }] : []
  })
}

/** What a clone is about to lie on: its mark names that before there is any disk. */
export function baseOf({ mark }: Pick<FoundMachine, 'mark'>): readonly string[] {
  const base = mark?.provider['base']
  return Array.isArray(base) ? base.map(String) : []
}

/** The files that machines other than this one need. */
export function neededByOthers(disks: readonly MachineDisks[], vmId: string): ReadonlySet<string> {
  return new Set(
    disks.filter(({ machine }) => machine.vmId !== vmId).flatMap(({ chains }) => chains.flat().map(fileKey)),
  )
}

/**
 * The same file of a host under any of its names: Windows' are the same without regard to case, and a layer that a
 * clone lies on has a second one (powershell/disk-file.ps1).
 */
export function fileKey(path: string): string {
  return path.toLowerCase().replace(layerPattern, '$1.avhdx')
}

const layerPattern = /(_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.vhdx$/ // disk0_5c1e…-….vhdx

/** The machines whose disks lie on a file in this one's folder, or are about to. */
export async function dependentsOf(session: Session, ref: MachineRef, call: Call): Promise<readonly MachineRef[]> {
  const paths = pathsOf(await session.hello(call))
  const disks = await readChains(session, call)
  const here = disks.find(({ machine }) => machine.ref.id === ref.id)?.machine.config.path.toLowerCase()
  if (here === undefined) return []
  const folderOf = (path: string): string => paths.dirname(path).toLowerCase()
  return disks
    .filter(({ machine, chains }) => {
      const own = machine.config.path.toLowerCase()
      // The first file of another machine: what that one lies on is its affair.
      return (
        own !== here && chains.some((chain) => folderOf(chain.find((path) => folderOf(path) !== own) ?? '') === here)
      )
    })
    .map(({ machine }) => machine.ref)
}
