import type { Architecture, SpecMachine, SpecSource } from '../spec/schema.ts'
import type { ExportFormat } from './export.ts'
import type { NetworkMode } from './network-modes.ts'

export type { Architecture }

/** What guests of one architecture get. */
export interface GuestCapabilities {
  readonly secureBoot: boolean
  /** TPM 2.0 for the guest. */
  readonly tpm: boolean
  readonly nestedVirtualization: boolean
  /** The system has a serial port of its own; false: `firmware` and `system` are one port. */
  readonly systemPort: boolean
}

/**
 * What one provider on one host can do, as data. Core asks these, never the provider's name. What depends on the
 * guest's architecture is said for the host's own here; {@link guestCapabilities} has it for each.
 */
export interface Capabilities extends GuestCapabilities {
  readonly architectures: readonly Architecture[]
  /** Only those that differ need to be in it. */
  readonly guests: Readonly<Partial<Record<Architecture, GuestCapabilities>>>
  readonly networkModes: readonly NetworkMode[]
  /** Whether `forward` (host port to guest port) works on a nat network. */
  readonly forward: boolean
  readonly console: ConsoleCapabilities
  readonly screenshot: boolean
  /** The hypervisor notes what becomes of a machine, and {@link Provider.events} reads it. */
  readonly hostEvents: boolean
  /** The hypervisor has a window of its own on a machine, which `view` opens. */
  readonly viewer: boolean
  readonly snapshots: SnapshotCapabilities
  /** Whether {@link Provider.clone} makes a machine that shares the base disk. */
  readonly linkedClones: boolean
  /** What {@link Provider.exportDisk} writes. */
  readonly exportFormats: readonly ExportFormat[]
  /** The host may be another computer than the one that azl-vm runs on. */
  readonly remote: boolean
}

export interface SnapshotCapabilities {
  /** Of a machine that is off: its disks and firmware variables. */
  readonly off: boolean
  /** Of a machine that runs, with its memory: it goes on from there. */
  readonly memory: boolean
  /** A snapshot of a machine that is off holds the state of its TPM too. */
  readonly tpm: boolean
}

export function guestCapabilities(capabilities: Capabilities, architecture: Architecture): GuestCapabilities {
  return capabilities.guests[architecture] ?? capabilities
}

export interface ConsoleCapabilities {
  /** The firmware itself writes on its port; where it does not, silence says nothing of a boot. */
  readonly firmwareSpeaks: boolean
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

/** What a spec wants of a provider. */
export interface Wanted {
  readonly arch: Architecture
  readonly machine: SpecMachine
  /** No provider is chosen by these two; what they make of a plan is told of the one that is. */
  readonly source: SpecSource
  readonly storage: { readonly path?: string | undefined }
}

/** The first thing that a spec wants and a guest there cannot have, for people; undefined: it can have it all. */
export function unsuitable(capabilities: Capabilities, { arch, machine }: Wanted): string | undefined {
  const guest = guestCapabilities(capabilities, arch)
  const { firmware, nestedVirtualization, networks } = machine
  const mode = networks.map((card) => card.mode).find((wanted) => !capabilities.networkModes.includes(wanted))
  if (!capabilities.architectures.includes(arch)) return `it runs no ${arch} guests here`
  if (firmware.secureBoot === true && !guest.secureBoot) return 'it has no Secure Boot for such a guest'
  if (firmware.tpm && !guest.tpm) return 'it has no TPM for such a guest'
  if (nestedVirtualization && !guest.nestedVirtualization) return 'it has no nested virtualization for such a guest'
  if (mode !== undefined) return `it has no network of mode ${mode} here`
  if (!capabilities.forward && networks.some(({ forward }) => forward.length > 0)) return 'it forwards no ports here'
  return undefined
}
