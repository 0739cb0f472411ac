/** What each operation of a plan is to do, as data: written by the plan, read back by `apply`, `observe` and the script. */
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type {
  DiskParameters,
  MediumParameters as AnyMediumParameters,
  StartParameters,
} from '../../src/provider/operations.ts'
import type { Operation } from '../../src/provider/plan.ts'
import type { AdapterRule } from './network-cards.ts'
import type { SharedNetwork } from './shared-networks.ts'

export interface MachineParameters {
  readonly kind: 'machine'
  /** Where Hyper-V makes the machine's folder. */
  readonly root: string
  readonly runName: string
  readonly name: string
  readonly memoryBytes: number
  readonly networkModes: readonly NetworkMode[]
  /** Kept in the mark: what its cards are on is found anew at each start. */
  readonly adapters: readonly AdapterRule[]
}

export interface SettingsParameters {
  readonly kind: 'settings'
  readonly memoryBytes: number
  readonly processors: number
  readonly isNested: boolean
  /** '' where Secure Boot is off. */
  readonly secureBootTemplate: string
  readonly tpm: boolean
}

/** Parameters of each operation, as data; `apply` and `observe` read them back by kind. */
export type HyperVParameters =
  | MachineParameters
  | SettingsParameters
  | { readonly kind: 'switch'; readonly name: string }
  | {
      readonly kind: 'shared-network'
      readonly network: SharedNetwork
      /** Of the machine's cards on it, as Hyper-V has them. */
      readonly macs: readonly string[]
      /** Makes the network where it is missing. */
      readonly mayMake: boolean
    }
  | { readonly kind: 'adapters'; readonly adapters: readonly AdapterRule[] }
  | DiskParameters
  | { readonly kind: 'drives' }
  | MediumParameters
  | StartParameters

export interface MediumParameters extends AnyMediumParameters {
  /** The file here that `path` is a copy of; undefined where Hyper-V reads the file itself. */
  readonly copyOf: string | undefined
  /** The copy stays on this computer. */
  readonly isCopiedHere: boolean
}

/** Written by plan.ts only. */
export function parametersOf(operation: Operation): HyperVParameters {
  return operation.parameters as unknown as HyperVParameters
}
