/** Parameters of each operation of a plan, as data; `apply` and `observe` read them back by kind. */
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { DiskParameters, MediumParameters, StartParameters } from '../../src/provider/operations.ts'
import type { Operation } from '../../src/provider/plan.ts'

/** All of a machine that its .vmx says, without its medium and its mark. */
export interface MachineShape {
  readonly name: string
  /** Core's, and the guest's. */
  readonly id: string
  readonly architecture: 'x86_64' | 'aarch64'
  readonly hardwareVersion: number
  readonly cpus: number
  readonly memoryBytes: number
  readonly isNested: boolean
  readonly secureBoot: boolean
  readonly networks: readonly CardShape[]
  /** Names of the disks' files, beside the .vmx. */
  readonly disks: readonly string[]
  readonly serialPath: string
}

export interface CardShape {
  readonly mode: NetworkMode
  readonly mac: string
  /** The LAN segment of an isolated one: 32 hexadecimal digits. */
  readonly segment?: string
}

export interface MachineParameters {
  readonly kind: 'machine'
  /** Where the machine's folder is made. */
  readonly root: string
  readonly folder: string
  readonly vmx: string
  readonly shape: MachineShape
}

export type VmwareParameters = MachineParameters | DiskParameters | MediumParameters | StartParameters

/** The plan's parameters are written by makePlan only. */
export function parametersOf(operation: Operation): VmwareParameters {
  return operation.parameters as unknown as VmwareParameters
}
