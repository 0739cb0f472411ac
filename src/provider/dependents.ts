import { AzlVmError } from '../errors.ts'
import type { MachineRef } from './machine.ts'

/** A machine that needs a disk of another one. */
export interface Dependent extends MachineRef {
  /** azl-vm did not make it, and cannot destroy it. */
  readonly isForeign?: true
}

export function dependent(ref: MachineRef, isOwn: boolean): Dependent {
  return isOwn ? ref : { ...ref, isForeign: true }
}

/** Throws resource-busy where other machines need a disk of the machine. */
export function requireNoDependents(ref: MachineRef, dependents: readonly Dependent[]): void {
  if (dependents.length === 0) return
  const foreign = dependents.filter(({ isForeign }) => isForeign)
  const clones = dependents.filter(({ isForeign }) => !isForeign)
  throw new AzlVmError(
    'resource-busy',
    `the machine "${ref.name}" holds a disk that ${[
      ...(clones.length > 0 ? [`its ${clones.length === 1 ? 'clone' : 'clones'} ${namesOf(clones)}`] : []),
      ...(foreign.length > 0 ? [`${namesOf(foreign)}, which azl-vm did not make,`] : []),
    ].join(' and ')} ${dependents.length === 1 ? 'needs' : 'need'}; nothing was removed`,
    { hint: [...clonesHint(clones), ...foreignHint(foreign)].join(' ') },
  )
}

function namesOf(refs: readonly MachineRef[]): string {
  return refs.map(({ name }) => `"${name}"`).join(', ')
}

function clonesHint(clones: readonly MachineRef[]): readonly string[] {
  const [first] = clones
  if (!first) return []
  return [`Destroy ${clones.length === 1 ? 'the clone' : 'the clones'} first: \`azl-vm destroy ${first.name}\`.`]
}

/** `azl-vm destroy` refuses it. */
function foreignHint(foreign: readonly MachineRef[]): readonly string[] {
  if (foreign.length === 0) return []
  return [`Remove ${namesOf(foreign)}, or detach the disk there, with the hypervisor’s own program.`]
}
