import type { Mark } from './mark.ts'
import type { Architecture } from './capabilities.ts'
import type { Spec } from '../spec/schema.ts'

export const powerStates = [
  'absent',
  'off',
  'starting',
  'running',
  'stopping',
  'paused',
  'saved',
  'crashed',
  'unknown',
] as const

export type PowerState = (typeof powerStates)[number]

/** A machine on one provider and host. `id` is the hypervisor's own id (a UUID); everything after creation goes by it. */
export interface MachineRef {
  readonly name: string
  readonly id: string
}

/** A bootable medium on the computer that runs azl-vm. */
export interface Medium {
  readonly path: string
  readonly sizeBytes: number
  /** Hex digits. */
  readonly sha256: string
}

export type MediumRole = 'installer'

/** All that a plan is made from: the spec, and what core minted before planning. */
export interface MachineRequest {
  readonly ref: MachineRef
  readonly spec: Spec
  /** The spec's key that only this provider has, as its own schema gave it out. */
  readonly options: unknown
  readonly architecture: Architecture
  readonly mark: Mark
  /** One per network of the spec, lower case with colons. */
  readonly macs: readonly string[]
  readonly installer: Medium
  /** The user lets networks of the host be made or changed that others may meet too. Default: not. */
  readonly isHostNetworkAllowed?: boolean
}

/** One fact of a machine's configuration that differs from what the spec says. */
export interface Difference {
  /** The spec's key, e.g. `machine.memory`. */
  readonly key: string
  readonly wanted: string
  readonly found: string
}

export interface MachineNetwork {
  readonly mode: string
  /** Lower case with colons. */
  readonly mac: string
  /** Where nothing hands addresses out: the one that is kept for this card, which the guest has to be told. */
  readonly reserved?: ReservedAddress
}

export interface ReservedAddress {
  readonly address: string
  readonly prefixLength: number
  /** The way out; undefined on a network that leads nowhere. */
  readonly gateway?: string
}

export interface MachineInfo {
  readonly ref: MachineRef
  readonly state: PowerState
  /** The hypervisor's own reason for the state, for people; '' where there is none. */
  readonly reason: string
  readonly mark: Mark | undefined
  /** How the processor is run, where the machine is on or was: by hardware or emulated. */
  readonly acceleration: 'hardware' | 'emulated' | undefined
  readonly architecture: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly disks: readonly { readonly sizeBytes: number; readonly where: string }[]
  readonly secureBoot: boolean
  readonly tpm: boolean
  /** The system has a serial port of its own beside the firmware's. False: both names lead to one port. */
  readonly hasSystemPort: boolean
  readonly networks: readonly MachineNetwork[]
  readonly installer: string | undefined
}

/** Where the guest's SSH server answers, as seen from the computer that runs azl-vm, or from `via` where that is given. */
export interface Endpoint {
  readonly address: string
  readonly port: number
  /** The hypervisor's host, which is another computer: the address is one of its own, so the way leads through it. */
  readonly via?: Via
}

/** How a host is reached by SSH; what is undefined is SSH's own default. */
export interface Via {
  readonly host: string
  readonly user: string | undefined
  readonly port: number | undefined
}
