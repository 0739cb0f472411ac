/** What every provider says of a machine that a call cannot be about. */
import { AzlVmError } from '../errors.ts'
import type { MachineRef } from './machine.ts'

/** It was there, for core had found it. */
export function machineGone({ name }: Pick<MachineRef, 'name'>): AzlVmError {
  return new AzlVmError('machine-not-found', `the machine "${name}" is not there any more`)
}

/** Also where a mark is there that names another machine, as a copy's does. */
export function notOwned({ name }: Pick<MachineRef, 'name'>): AzlVmError {
  return new AzlVmError('not-owned', `the machine "${name}" carries no mark of azl-vm that names it`)
}
