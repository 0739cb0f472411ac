/** Snapshots and clones of a machine, in words that every hypervisor has. */
import type { MachineRef, PowerState } from './machine.ts'
import type { Mark } from './mark.ts'
import type { Outputs } from './plan.ts'

/** A name as `snapshot create` takes it; unique on its machine without regard to case. */
export interface SnapshotRequest {
  readonly name: string
  /** ISO 8601, UTC. */
  readonly created: string
  /** The run that asks; what is made for it is named by it, so that it can be judged when the run is dead. */
  readonly runId: string
}

export interface SnapshotInfo {
  readonly name: string
  /** ISO 8601, UTC. */
  readonly created: string
  /** True: of a machine that was on, and restoring it goes on from there. False: of one that was off. */
  readonly hasMemory: boolean
  /** The snapshot that the machine's state came from when this one was made; snapshots form a tree. */
  readonly parent?: string
  /** The machine's state now came from this one; true of one at most. */
  readonly isCurrent: boolean
  /** Whether the TPM's state is in it; undefined where the machine has no TPM. */
  readonly isTpmHeld?: boolean
  /** What it takes on the host, where that can be told. What a later one needs too counts for both. */
  readonly sizeBytes?: number
}

export interface RestoreRequest {
  readonly name: string
  /** As in {@link SnapshotRequest}. */
  readonly runId: string
}

export interface RestoreResult {
  /** `off` for a snapshot without memory, else what the machine was then: `running` or `paused`. */
  readonly state: PowerState
  /** As those of a start: forwarded ports are new. */
  readonly outputs: Outputs
}

/** What core chose for a clone; all else it has from the machine that it is made of. */
export interface CloneRequest {
  readonly ref: MachineRef
  /** The clone's own, phase `creating`; the provider's part is filled in by the provider. */
  readonly mark: Mark
  /** One for each network card of the original, lower case with colons. */
  readonly macs: readonly string[]
  /** What it begins from; undefined: the disks as they are, of a machine that is off. */
  readonly snapshot?: string
}
