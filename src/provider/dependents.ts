import { AzlVmError } from '../errors.ts'
import type { MachineRef } from './machine.ts'

/** Throws resource-busy where clones need a disk of the machine. */
export function requireNoDependents(ref: MachineRef, dependents: readonly MachineRef[]): void {
  const [first] = dependents
  if (!first) return
  const names = dependents.map(({ name }) => `"${name}"`).join(', ')
  throw new AzlVmError(
    'resource-busy',
    `the machine "${ref.name}" holds the base disk of ${dependents.length === 1 ? 'its clone' : 'its clones'} ${names}; nothing was removed`,
    {
      hint: `Destroy ${dependents.length === 1 ? 'the clone' : 'the clones'} first: \`azl-vm destroy ${first.name}\`.`,
    },
  )
}
