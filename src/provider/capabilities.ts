import type { Architecture } from '../spec/schema.ts'
import type { NetworkMode } from './network-modes.ts'

export type { Architecture }

/** What one provider on one host can do, as data. Core asks these, never the provider's name. */
export interface Capabilities {
  readonly architectures: readonly Architecture[]
  readonly secureBoot: boolean
  /** TPM 2.0 for the guest. */
  readonly tpm: boolean
  readonly nestedVirtualization: boolean
  readonly networkModes: readonly NetworkMode[]
  /** Whether `forward` (host port to guest port) works on a nat network. */
  readonly forward: boolean
  readonly console: ConsoleCapabilities
  readonly screenshot: boolean
  /** The hypervisor has a window of its own on a machine, which `view` opens. */
  readonly viewer: boolean
  /** The host may be another computer than the one that azl-vm runs on. */
  readonly remote: boolean
}

export interface ConsoleCapabilities {
  /** `firmware` and `system` are synonyms where there is one port. */
  readonly ports: readonly ConsolePort[]
  /** Every byte from the guest's first one is heard. */
  readonly firstByte: boolean
  /** A console can be opened again on a running machine. */
  readonly reattach: boolean
  /** The port is drained and logged while no command of ours runs. */
  readonly drainsUnattended: boolean
}

export type ConsolePort = 'firmware' | 'system'
