/** Snapshots of one machine by their names, which are unique without regard to case. */
import { AzlVmError } from '../errors.ts'

interface Named {
  readonly name: string
}

/** The snapshot of this name, undefined where there is none. */
export function snapshotNamed<T extends Named>(snapshots: readonly T[], name: string): T | undefined {
  return snapshots.find((each) => each.name.toLowerCase() === name.toLowerCase())
}

/** The snapshot of this name; throws snapshot-not-found. */
export function requireSnapshot<T extends Named>(machine: string, snapshots: readonly T[], name: string): T {
  const found = snapshotNamed(snapshots, name)
  if (found) return found
  const names = snapshots.map((each) => each.name).join(', ')
  throw new AzlVmError('snapshot-not-found', `the machine "${machine}" has no snapshot "${name}"`, {
    hint: names === '' ? 'It has none at all.' : `It has: ${names}.`,
  })
}

/** That the name is taken; `hint` where deleting that one is not what helps. */
export function snapshotExists(machine: string, { name }: Named, hint?: string): AzlVmError {
  return new AzlVmError('snapshot-exists', `the machine "${machine}" has a snapshot "${name}" already`, {
    hint: hint ?? `Choose another name, or delete that one: \`azl-vm snapshot delete ${machine} ${name}\`.`,
  })
}

/** The snapshot that was taken just now, as the hypervisor lists it. */
export function snapshotTaken<T extends Named>(machine: string, snapshots: readonly T[], name: string): T {
  const taken = snapshots.find((each) => each.name === name)
  if (taken) return taken
  throw new AzlVmError('backend-failed', `the snapshot "${name}" of "${machine}" was taken and is not there any more`)
}
