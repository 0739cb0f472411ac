/**
 * What every provider promises. Core knows hypervisors only by this page; `test/contract/provider-contract.ts`
 * proves it on each of them.
 *
 * Order: `facts`, `plan`, then the plan's operations in their order by `apply`. `openConsole` is legal before
 * `start`. Everything else is legal at any time. Calls on different machines may run at once; calls that change
 * one machine are serialised by core's lock on it.
 *
 * Every call takes a {@link Call}: it rejects with `cancelled` soon after its signal is aborted, and whatever
 * fails rejects with an AzlVmError (provider errors keep their cause).
 */
import type { ErrorCode } from '../errors.ts'
import type { Capabilities, ConsolePort } from './capabilities.ts'
import type { Dependent } from './dependents.ts'
import type { ExportRequest } from './export.ts'
import type {
  Difference,
  Endpoint,
  MachineInfo,
  MachineRef,
  MachineRequest,
  Medium,
  MediumRole,
  PowerState,
} from './machine.ts'
import type { Mark } from './mark.ts'
import type { Plan, Operation, Outputs } from './plan.ts'
import type { CloneRequest, RestoreRequest, RestoreResult, SnapshotInfo, SnapshotRequest } from './snapshot.ts'

export interface Call {
  readonly signal: AbortSignal
  /** For the log file: what was asked of the hypervisor. */
  readonly debug: (message: string, data?: unknown) => void
  /** For people, at once: something is not as one would expect, but the work goes on. */
  readonly warn: (code: string, message: string, hint?: string) => void
  readonly progress: (doneBytes: number, totalBytes: number) => void
}

/** Something about a host that a user should know. `fix` is what to do, ready to type where it is a command. */
export interface Finding {
  readonly level: 'ok' | 'info' | 'warning' | 'error'
  /** Stable, kebab-case, e.g. `libvirt-not-running`. */
  readonly code: string
  readonly message: string
  readonly fix?: string
  /** What a command that needs the host fails with; given where level is error. */
  readonly error?: ErrorCode
}

/** What a host offers; serialisable, so that a plan can be made from a recorded one. */
export interface Facts {
  readonly provider: string
  /** The host as it is recorded and compared, e.g. a libvirt URI. */
  readonly host: string
  /** Whether a machine can be made here; where not, the findings of level error say why. */
  readonly isReady: boolean
  /** Read from the host, or assumed because the host could not be asked. */
  readonly isAssumed: boolean
  readonly versions: Readonly<Record<string, string>>
  readonly capabilities: Capabilities
  readonly findings: readonly Finding[]
  /** What only this provider reads from its own facts. */
  readonly native: Readonly<Record<string, unknown>>
}

/** Whether one operation's object is as planned. */
export type Observation =
  | { readonly is: 'done' }
  | { readonly is: 'missing' }
  | { readonly is: 'different'; readonly differences: readonly Difference[] }

export interface StartResult {
  readonly acceleration: 'hardware' | 'emulated'
  readonly outputs: Outputs
}

/** How the hypervisor's own window on a machine is opened, on the computer that runs azl-vm. */
export interface Viewer {
  /** The program and its arguments; never a shell's line. */
  readonly command: readonly [program: string, ...args: string[]]
}

export interface StopRequest {
  /** `graceful` asks the guest; `force` is the power cord. */
  readonly mode: 'graceful' | 'force'
  /** How long a graceful stop may take; after it: `timed-out`, the machine untouched. Milliseconds. */
  readonly timeoutMs: number
}

export interface ConsoleRequest {
  readonly port: ConsolePort
  /** Takes the port from another holder instead of failing with resource-busy. */
  readonly force?: boolean
  /** Each piece as it arrives. It must return at once: the guest never waits for a listener. */
  readonly onData: (bytes: Uint8Array) => void
}

/** Where a followed log begins. */
export type LogStart = 'beginning' | 'last-start'

/** How a console ended: the machine is off, somebody else took the port, or the way to it broke. */
export type ConsoleEnd =
  { readonly why: 'machine-off' | 'taken' | 'closed' } | { readonly why: 'broken'; readonly error: Error }

export interface ConsoleHandle {
  write(bytes: Uint8Array): Promise<void>
  /** Settles once, never rejects. A reboot does not end a console. */
  readonly ended: Promise<ConsoleEnd>
  close(): Promise<void>
}

/** Whether the firmware handed over to something, and to what; or why it did not. `evidence` are lines that show it. */
export type BootOutcome =
  | {
      readonly is: 'left-for'
      readonly target: 'installer' | 'disk' | 'other'
      readonly name: string
      readonly evidence: readonly string[]
    }
  | {
      readonly is: 'refused'
      readonly why: 'secure-boot' | 'nothing-bootable' | 'firmware-crash'
      readonly evidence: readonly string[]
    }
  /** A firmware that does not speak, and a guest that has not: nobody knows, which is no failure. */
  | { readonly is: 'unheard'; readonly evidence: readonly string[] }

/** Something that the hypervisor itself noted of a machine. */
export interface HostEvent {
  /** ISO 8601. */
  readonly at: string
  /** For people and reports, in one line. */
  readonly text: string
  /** Where it says that a boot failed. */
  readonly refused: (BootOutcome & { readonly is: 'refused' })['why'] | undefined
}

/** Tells the boot outcome from the machine's serial text. Fed by core with what the console brings. */
export interface BootWatch {
  /** The outcome as soon as `text` decides it; undefined until then. */
  feed(text: string): BootOutcome | undefined
}

/** What could not or must not be removed, with its reason. */
export interface Kept {
  readonly what: string
  readonly why: string
  /** Something of the machine itself stays behind; false for what belongs to the hypervisor, like its own log. */
  readonly isOurs: boolean
}

/** What a removal did. */
export interface RemovalReport {
  readonly removed: readonly string[]
  readonly kept: readonly Kept[]
}

/** A thing in a folder or pool of ours that no machine names. */
export interface Leftover {
  /** For {@link Provider.removeLeftover}. */
  readonly id: string
  readonly what: string
  /** The run that made it, where its name tells. */
  readonly runId: string | undefined
}

/** What facts are read for, where a machine is to be made. */
export interface Making {
  /** The folder that the spec names, which a provider may look at in the place of its default one. */
  readonly storagePath: string | undefined
  /** The file of the user's that the spec names as medium, on this computer. */
  readonly mediumPath: string | undefined
}

export interface Provider {
  readonly name: string
  /** The host as it is recorded, e.g. `qemu:///system`; the same text finds the same host again. */
  readonly host: string

  /**
   * Read-only. An unready host is a finding, not an exception. `making`: what a plan reads and why no machine can be made
   * here is enough, and a provider may leave out what is only worth knowing; without it all is told, as for `doctor`.
   */
  facts(call: Call, making?: Making): Promise<Facts>
  /** What such a host usually offers, for a plan where this one could not be asked; its findings say why. */
  assumedFacts(facts: Facts): Facts
  /** Pure: the same request and facts give the same plan. */
  plan(request: MachineRequest, facts: Facts): Plan
  /** Read-only: whether the operation's object is there and as planned. */
  observe(operation: Operation, request: MachineRequest, call: Call): Promise<Observation>
  /**
   * Executes one operation and resolves with its outputs once the hypervisor has done it. On an object that
   * is already there with the same run id: done. With another mark or run id: `machine-exists`.
   */
  apply(operation: Operation, request: MachineRequest, call: Call): Promise<Outputs>
  /** Takes back what one operation made; finds it by anchor, run id and name. Absent is done. */
  undo(operation: Operation, request: MachineRequest, call: Call): Promise<void>

  /** Inserts a medium, on or off; the same medium again is done. The user's file never changes owner, mode or place. */
  attach(ref: MachineRef, role: MediumRole, medium: Medium, call: Call): Promise<void>
  /** Ejects; empty is done. */
  detach(ref: MachineRef, role: MediumRole, call: Call): Promise<void>
  /** Resolves when the hypervisor runs the machine; a running one is done. Opened consoles are connected before the first instruction. */
  start(ref: MachineRef, call: Call): Promise<StartResult>
  /** Resolves when the machine is off; off is done. */
  stop(ref: MachineRef, request: StopRequest, call: Call): Promise<void>
  /**
   * The reset button: the guest begins with its first instruction again, its console stays. A paused machine runs
   * afterwards; one that is off is refused with resource-busy.
   */
  reset(ref: MachineRef, call: Call): Promise<void>
  /**
   * The machine's power state now, then each change as the hypervisor tells it. Ends after `absent`; rejects with
   * `cancelled` when the signal is aborted.
   */
  watchState(ref: MachineRef, call: Call): AsyncIterable<PowerState>
  /** Fresh. An absent machine is a state; missing rights are an error. */
  inspect(ref: MachineRef, call: Call): Promise<MachineInfo>
  /** One holder of each port at a time. On a machine that is off it is connected by `start`. */
  openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle>
  /** A serial port's text since the machine was made, as far as it is kept: oldest first. */
  readLog(ref: MachineRef, port: ConsolePort, call: Call): AsyncIterable<Uint8Array>
  /** What is there, all of it or what this boot said, then what comes, until the machine is off or the signal is aborted. */
  followLog(ref: MachineRef, port: ConsolePort, from: LogStart, call: Call): AsyncIterable<Uint8Array>
  /** What is said beside the log: from when it is, and where bytes may be missing. */
  describeLog(ref: MachineRef, call: Call): Promise<string>
  bootWatch(): BootWatch
  /**
   * What the hypervisor noted of the machine since then, oldest first. Core asks during a boot where the capability
   * `hostEvents` says so, and after any other failure of the hypervisor, and takes all of it as evidence.
   */
  events(ref: MachineRef, since: Date, call: Call): Promise<readonly HostEvent[]>
  /** Undefined where there is none (off, no NIC, not known yet). */
  endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined>
  /** Only looks for the program; tool-missing says how to get it, not-supported why there is no such window. */
  viewer(ref: MachineRef, call: Call): Promise<Viewer>
  /** A PNG. */
  screenshot(ref: MachineRef, call: Call): Promise<Uint8Array>
  /** Writes the mark anew; fields that are not given stay. */
  updateMark(ref: MachineRef, change: Partial<Pick<Mark, 'phase' | 'creator' | 'expires'>>, call: Call): Promise<void>
  /**
   * Holds the machine's state under a name: disks and firmware variables of one that is off, the memory too of one
   * that is on, which then goes on with its console. A name that is taken: `snapshot-exists`; a machine that is
   * on where {@link Capabilities.snapshots} has no memory: `not-supported`; one between two states: `resource-busy`.
   * A snapshot that failed or was cut off is not listed, and what was made for it is removed later by gc at the latest.
   */
  snapshot(ref: MachineRef, request: SnapshotRequest, call: Call): Promise<SnapshotInfo>
  /** Oldest first. */
  listSnapshots(ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]>
  /**
   * Returns to the state held, with the configuration as it is now. A machine that is on is switched off for it, and
   * what it did since is lost. The snapshot stays, and so do later ones: the next snapshot begins a branch of its own.
   * An unknown name: `snapshot-not-found`, and nothing is touched.
   */
  restore(ref: MachineRef, request: RestoreRequest, call: Call): Promise<RestoreResult>
  /**
   * Forgets one snapshot; the machine and all other snapshots stay as they are, whatever was made from it. Space that
   * others need is freed with the last of them. An unknown name: `snapshot-not-found`.
   */
  deleteSnapshot(ref: MachineRef, name: string, call: Call): Promise<void>
  /**
   * Makes a machine that is off, shares the base disk, and has its own identity: id, hardware addresses, TPM (fresh),
   * a copy of the firmware variables, forwarded ports (the host's side chosen anew), serial log. From a machine that
   * is off, else from a snapshot; `resource-busy` otherwise. The original can be started, changed and snapshotted
   * afterwards. As with `define` the anchor is made first, marked, and a name that is taken is `machine-exists`.
   */
  clone(ref: MachineRef, request: CloneRequest, call: Call): Promise<void>
  /**
   * Writes the first disk of a machine that is off, with all that it lies on, as one file, by the hypervisor's own tool:
   * {@link Capabilities.exportFormats}; as `ova` the machine, in which nothing says that it is ours. What was made for it
   * on the host is gone afterwards, or found by gc.
   */
  exportDisk(ref: MachineRef, request: ExportRequest, call: Call): Promise<void>
  /** The machines that need a disk of this one: clones of it, also indirect ones where they need it too, of whomever. */
  dependents(ref: MachineRef, call: Call): Promise<readonly Dependent[]>
  /**
   * Removes the machine and all that it made, snapshots too, the anchor last; absent is done. Never a file that the
   * spec named as input. With {@link dependents}: `resource-busy`, nothing removed.
   */
  destroy(ref: MachineRef, call: Call): Promise<RemovalReport>
  /** Every machine that carries our mark, of any owner. */
  list(call: Call): Promise<readonly MachineInfo[]>
  /** Where a machine of this name is in the way, ours or not; without regard to case. */
  findByName(name: string, call: Call): Promise<readonly MachineInfo[]>
  leftovers(call: Call): Promise<readonly Leftover[]>
  /** True where it was removed; one that is absent, or that a machine names by now, is left alone. */
  removeLeftover(leftover: Leftover, call: Call): Promise<boolean>
  /** Removes shared things of ours that nothing uses any more (an empty pool). */
  removeUnusedShared(call: Call): Promise<readonly string[]>
  close(): Promise<void>
}

/** What a provider needs from outside; no provider reads the environment or the clock by itself. */
export interface ProviderContext {
  readonly env: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  /** The user's number where the platform has them. */
  readonly uid: number | undefined
  readonly now: () => Date
  /** Identifies this boot of the controller. */
  readonly bootId: string
  /** Facts about a host that cost much to find out, kept per controller; see store/host-facts. */
  readonly hostFacts: HostFacts
  /**
   * Serialises work on things that machines share, on this controller. The wait for another ends with the call's signal;
   * `hasWaited`: there was one, which may have changed what was looked at before.
   */
  readonly sharedLock: <T>(
    name: string,
    call: Pick<Call, 'signal'>,
    work: (hasWaited: boolean) => Promise<T>,
  ) => Promise<T>
  /** For hypervisors that keep nothing of a serial port themselves; see src/recorder. */
  readonly recorder: RecorderPlace
}

/** How a recorder is begun, and where all of them write. */
export interface RecorderPlace {
  readonly folder: string
  readonly command: readonly [program: string, ...args: string[]]
}

/** A small memory of what was tried on a host; values are JSON. */
export interface HostFacts {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
}

/** One provider, before it is bound to a host. */
export interface ProviderDefinition {
  readonly name: string
  /** For people: what it drives. */
  readonly title: string
  /**
   * Binds the provider to a host; connects to nothing yet. `host` is the spec's word (`local` or an address)
   * or a {@link Provider.host} recorded earlier.
   */
  open(host: string, context: ProviderContext): Promise<Provider>
}
