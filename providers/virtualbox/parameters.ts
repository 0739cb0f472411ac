/** Parameters of each operation, as data; `apply` and `observe` read them back by kind. */
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { DiskParameters, MediumParameters, StartParameters } from '../../src/provider/operations.ts'
import type { Operation } from '../../src/provider/plan.ts'
import type { ForwardRule } from './mark-text.ts'

/** What a network card is plugged into. */
export type CardLink =
  | { readonly is: 'nat' }
  | { readonly is: 'bridged'; readonly interface: string }
  | { readonly is: 'host-only'; readonly interface: string }
  /** macOS has no host-only interfaces. */
  | { readonly is: 'host-only-net'; readonly network: string }
  | { readonly is: 'internal'; readonly network: string }

export interface CardRule {
  readonly mode: NetworkMode
  /** Lower case with colons. */
  readonly mac: string
  readonly link: CardLink
}

export interface MachineParameters {
  readonly kind: 'machine'
  readonly name: string
  readonly id: string
  readonly group: string
  /** Undefined: VirtualBox's own. */
  readonly baseFolder: string | undefined
  readonly architecture: Architecture
  /** Whether VirtualBox wants to be told the architecture: from 7.1 on. */
  readonly isPlatformNamed: boolean
  readonly osType: string
  readonly memoryBytes: number
  readonly cpus: number
  readonly diskCount: number
  readonly tpm: boolean
  readonly isNested: boolean
  readonly serialPath: string
  readonly cards: readonly CardRule[]
  readonly forwards: readonly ForwardRule[]
}

export type VirtualBoxParameters =
  | MachineParameters
  | { readonly kind: 'secure-boot' }
  | { readonly kind: 'drives'; readonly diskCount: number }
  | DiskParameters
  | MediumParameters
  | StartParameters

/** The plan's parameters are written by `makePlan` only. */
export function parametersOf(operation: Operation): VirtualBoxParameters {
  return operation.parameters as unknown as VirtualBoxParameters
}
