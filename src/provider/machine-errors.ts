/** What every provider says of a machine that is not there, not ours, or not in the state that a call needs. */
import { AzlVmError } from '../errors.ts'
import type { MachineRef, PowerState } from './machine.ts'

type Named = Pick<MachineRef, 'name'>

/** It was there, for core had found it. */
export function machineGone({ name }: Named): AzlVmError {
  return new AzlVmError('machine-not-found', `the machine "${name}" is not there any more`)
}

/** Also where a mark is there that names another machine, as a copy's does. */
export function notOwned({ name }: Named): AzlVmError {
  return new AzlVmError('not-owned', `the machine "${name}" carries no mark of azl-vm that names it`)
}

/** `cause`: the hypervisor's own refusal, where that is how it came out. */
export function nothingToReset({ name }: Named, cause?: unknown): AzlVmError {
  return new AzlVmError('resource-busy', `the machine "${name}" does not run: there is nothing to reset`, {
    cause,
    hint: `\`azl-vm start ${name}\` switches it on.`,
  })
}

/** `cause` as in {@link nothingToReset}. */
export function noScreen({ name }: Named, cause?: unknown): AzlVmError {
  return new AzlVmError('resource-busy', `the machine "${name}" is off: there is no screen`, {
    cause,
    hint: `\`azl-vm start ${name}\` switches it on.`,
  })
}

/** A snapshot is taken of a machine that is off or runs, and not between. */
export function cannotHold({ name }: Named, state: PowerState): AzlVmError {
  return new AzlVmError('resource-busy', `the machine "${name}" is ${state}: its state cannot be held`, {
    hint: `Hold it when it is off or runs; \`azl-vm status ${name}\` tells.`,
  })
}

/** A clone without a snapshot begins from the disks as they are, of a machine that is off. */
export function cannotCloneNow({ name }: Named, state: PowerState): AzlVmError {
  return new AzlVmError('resource-busy', `the machine "${name}" is ${state}: its disks are being written`, {
    hint: `Stop it first (\`azl-vm stop ${name}\`), or clone a snapshot of it: --snapshot SNAPSHOT.`,
  })
}
