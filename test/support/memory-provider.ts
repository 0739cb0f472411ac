/**
 * A hypervisor in memory and the provider for it: all of src/provider/contract.ts, no process and no waiting. What
 * outlives a provider (machines, files, what was asked) is in the {@link MemoryHypervisor}; several providers may be
 * open at one, as several commands would be.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { AzlVmError } from '../../src/errors.ts'
import { formatBytes } from '../../src/format-bytes.ts'
import type { ExportRequest } from '../../src/provider/export.ts'
import { guestCapabilities, type Capabilities, type ConsolePort } from '../../src/provider/capabilities.ts'
import type {
  BootWatch,
  Call,
  ConsoleHandle,
  ConsoleRequest,
  Facts,
  HostEvent,
  Leftover,
  LogStart,
  Observation,
  Provider,
  ProviderDefinition,
  RemovalReport,
  StartResult,
  StopRequest,
  Viewer,
} from '../../src/provider/contract.ts'
import { Edk2BootWatch } from '../../src/provider/edk2-boot-watch.ts'
import type {
  Endpoint,
  MachineInfo,
  MachineRef,
  MachineRequest,
  Medium,
  MediumRole,
  PowerState,
} from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { Operation, Outputs, Plan } from '../../src/provider/plan.ts'
import type { ProviderEntry } from '../../src/provider/registry.ts'
import { requireNoDependents } from '../../src/provider/dependents.ts'
import type {
  CloneRequest,
  RestoreRequest,
  RestoreResult,
  SnapshotInfo,
  SnapshotRequest,
} from '../../src/provider/snapshot.ts'
import { blackPng } from './black-png.ts'
import { emptyConfig, MemoryConsole, MemoryMachine } from './memory-machine.ts'
import {
  cloneMachine,
  dependentsOf,
  removeSnapshot,
  restoreSnapshot,
  snapshotsOf,
  takeSnapshot,
} from './memory-snapshots.ts'
import { compared, diagnose, operationsOf, rulesFor, sshPort, type Rule } from './memory-plan.ts'
import { usual, type GuestScript } from './played-guest.ts'

export const allCapabilities: Capabilities = {
  architectures: ['x86_64'],
  guests: {},
  secureBoot: true,
  tpm: true,
  nestedVirtualization: true,
  systemPort: false,
  networkModes: ['nat', 'bridged', 'host-only', 'isolated'],
  forward: true,
  console: {
    ports: ['firmware', 'system'],
    firmwareSpeaks: true,
    firstByte: true,
    reattach: true,
    drainsUnattended: true,
  },
  screenshot: true,
  hostEvents: false,
  viewer: true,
  snapshots: { off: true, memory: true, tpm: false },
  linkedClones: true,
  exportFormats: ['raw'],
  remote: false,
}

/** With guests of another architecture, whose system speaks on a port of its own. */
export const withSystemPort: Partial<Capabilities> = {
  architectures: ['x86_64', 'aarch64'],
  guests: { aarch64: { secureBoot: false, tpm: true, nestedVirtualization: false, systemPort: true } },
}

export interface MemoryOptions {
  readonly name?: string
  /** False: facts say that no machine can be made here. */
  readonly isReady?: boolean
  readonly capabilities?: Partial<Capabilities>
  /** What machines do when they are started. */
  readonly guest?: GuestScript
}

/** One call of a provider: `define` of the plan is `apply define`, its undo `undo define`, the rest by their names. */
export interface MemoryCall {
  readonly call: string
  readonly machine: string | undefined
}

/** A call that stands still until it is released, or its signal is aborted. */
export interface HeldCall {
  /** Resolves when the call has come. */
  readonly reached: Promise<void>
  release(): void
}

/** Asked when a call comes; what it returns is thrown. */
export type Fault = (machine: string | undefined) => Error | undefined

interface Hold {
  readonly reach: () => void
  readonly released: Promise<void>
}

export class MemoryHypervisor {
  readonly name: string
  readonly host: string
  readonly machines = new Map<string, MemoryMachine>()
  /** Name of each file in the pool, with the run that made it. */
  readonly files = new Map<string, string | undefined>()
  /** On which file a file lies, for those that hold only what differs. */
  readonly backings = new Map<string, string>()
  hasPool = false
  /** How many providers are open; each would hold a connection. */
  openCount = 0
  isReady: boolean
  capabilities: Capabilities
  guest: GuestScript
  readonly calls: MemoryCall[] = []
  /** What it noted of all machines, oldest first. */
  readonly events: HostEvent[] = []
  /** A provider of an older generation has lost its connection. */
  generation = 0
  readonly #faults = new Map<string, Fault>()
  readonly #holds = new Map<string, Hold>()
  #nextPort = 40_000

  constructor(options: MemoryOptions = {}) {
    this.name = options.name ?? 'memory'
    this.host = `${this.name}:///here`
    this.isReady = options.isReady ?? true
    this.capabilities = { ...allCapabilities, ...options.capabilities }
    this.guest = options.guest ?? usual
  }

  get definition(): ProviderDefinition {
    return { name: this.name, title: 'machines in memory', open: async () => this.open() }
  }

  get entry(): ProviderEntry {
    return { name: this.name, title: 'machines in memory', load: async () => this.definition }
  }

  open(): Provider {
    this.openCount += 1
    return new MemoryProvider(this, this.generation)
  }

  /** One of those that {@link open} gave. */
  closed(): void {
    this.openCount -= 1
    const fault = this.#faults.get('close')?.(undefined)
    if (fault) throw fault
  }

  /** From now on the call fails; an error, or a function that decides. */
  fail(call: string, fault: Error | Fault): void {
    this.#faults.set(call, typeof fault === 'function' ? fault : () => fault)
  }

  heal(): void {
    this.#faults.clear()
  }

  hold(call: string): HeldCall {
    let reach: () => void = () => undefined
    let release: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      reach = resolve
    })
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    this.#holds.set(call, { reach, released })
    return {
      reached,
      release: () => {
        this.#holds.delete(call)
        release()
      },
    }
  }

  /** Every open provider loses its connection, as in a process that is killed: nothing that it asks is done any more. */
  cutConnections(): void {
    this.generation += 1
    for (const machine of this.machines.values()) machine.endConsoles({ why: 'closed' })
  }

  /** What a user does with the hypervisor's own tools. */
  addForeign(name: string): MachineRef {
    const ref = { name, id: randomUUID() }
    this.machines.set(ref.id, new MemoryMachine(() => this.guest, ref, undefined, emptyConfig))
    return ref
  }

  /** A copy with all that it carries, the mark too, under another name and id. */
  copyByHand(ref: MachineRef, name: string): MachineRef {
    const original = this.machine(ref)
    const copy = { name, id: randomUUID() }
    this.machines.set(copy.id, new MemoryMachine(() => this.guest, copy, original.mark, original.config))
    return copy
  }

  machine(ref: MachineRef): MemoryMachine {
    const found = this.machines.get(ref.id)
    if (found) return found
    throw new AzlVmError('machine-not-found', `the machine "${ref.name}" is not there any more`)
  }

  byName(name: string): MemoryMachine | undefined {
    return [...this.machines.values()].find((machine) => machine.ref.name === name)
  }

  /** Everything that is there. */
  inventory(): readonly string[] {
    return [
      ...[...this.machines.values()].map(({ ref }) => `machine ${ref.name}`),
      ...[...this.files.keys()].map((name) => `file ${name}`),
      ...(this.hasPool ? ['pool'] : []),
    ]
  }

  /** The names of the calls, without those that only look. */
  get acts(): readonly string[] {
    return this.calls.map(({ call }) => call).filter((call) => !readingCalls.has(call.split(' ')[0] ?? ''))
  }

  freePort(): number {
    return this.#nextPort++
  }

  /** Records a call, and lets it fail or wait where a test said so. */
  async enter(call: string, machine: string | undefined, generation: number, signal: AbortSignal): Promise<void> {
    this.#requireConnected(generation)
    this.calls.push({ call, machine })
    refuseAborted(call, signal)
    const hold = this.#holds.get(call)
    if (hold) {
      hold.reach()
      await untilReleased(hold.released, call, signal)
    }
    await setImmediate()
    this.#requireConnected(generation)
    refuseAborted(call, signal)
    const fault = this.#faults.get(call)?.(machine)
    if (fault) throw fault
  }

  #requireConnected(generation: number): void {
    if (generation === this.generation) return
    throw new AzlVmError('backend-failed', `the connection to ${this.host} broke`)
  }
}

const readingCalls = new Set([
  'facts',
  'observe',
  'inspect',
  'list',
  'findByName',
  'endpoint',
  'leftovers',
  'readLog',
  'followLog',
  'screenshot',
  'viewer',
  'watchState',
  'listSnapshots',
  'dependents',
  'exportDisk',
])

function cancelled(call: string): AzlVmError {
  return new AzlVmError('cancelled', `interrupted: ${call}`)
}

function refuseAborted(call: string, signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(call)
}

async function untilReleased(released: Promise<void>, call: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      reject(cancelled(call))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    void released.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
  })
}

class MemoryProvider implements Provider {
  readonly name: string
  readonly host: string
  readonly #hypervisor: MemoryHypervisor
  readonly #generation: number

  constructor(hypervisor: MemoryHypervisor, generation: number) {
    this.#hypervisor = hypervisor
    this.#generation = generation
    this.name = hypervisor.name
    this.host = hypervisor.host
  }

  async facts(call: Call): Promise<Facts> {
    await this.#enter('facts', undefined, call)
    const { isReady, capabilities } = this.#hypervisor
    return {
      provider: this.name,
      host: this.host,
      isReady,
      isAssumed: false,
      versions: { memory: '1' },
      capabilities,
      findings: isReady
        ? [{ level: 'ok', code: 'memory-answers', message: 'there is memory' }]
        : [
            {
              level: 'error',
              code: 'memory-missing',
              message: 'there is no memory',
              fix: 'Put some in.',
              error: 'host-not-ready',
            },
          ],
      native: {},
    }
  }

  assumedFacts(facts: Facts): Facts {
    return { ...facts, isReady: true, isAssumed: true, capabilities: allCapabilities }
  }

  plan(request: MachineRequest, facts: Facts): Plan {
    const diagnostics = diagnose(request, facts.capabilities)
    const isPossible = diagnostics.every((diagnostic) => diagnostic.level !== 'error')
    return {
      diagnostics,
      operations: isPossible ? operationsOf(request) : [],
      script: { language: 'sh', prologue: [], epilogue: [] },
      choices: [],
    }
  }

  async observe(operation: Operation, request: MachineRequest, call: Call): Promise<Observation> {
    await this.#enter(`observe ${operation.id}`, request.ref.name, call)
    const machine = this.#hypervisor.machines.get(request.ref.id)
    switch (operation.object.kind) {
      case 'machine':
        return machine ? compared(machine, request) : { is: 'missing' }
      case 'pool':
        return { is: this.#hypervisor.hasPool ? 'done' : 'missing' }
      case 'file':
        return this.#observeFile(operation, request)
      case 'medium':
        return { is: machine?.medium ? 'done' : 'missing' }
      default:
        return { is: machine?.isOn === true ? 'done' : 'missing' }
    }
  }

  async apply(operation: Operation, request: MachineRequest, call: Call): Promise<Outputs> {
    await this.#enter(`apply ${operation.id}`, request.ref.name, call)
    const { ref } = request
    switch (operation.object.kind) {
      case 'machine':
        this.#define(request)
        return {}
      case 'pool':
        this.#hypervisor.hasPool = true
        return {}
      case 'file':
        this.#makeFile(operation, request)
        return {}
      case 'medium':
        await this.#insert(ref, request.installer)
        return { place: request.installer.path }
      case 'start':
        await this.#hypervisor.machine(ref).start()
        return { acceleration: 'emulated' }
      default:
        return this.#forward(ref, rulesFor(request.spec))
    }
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    await this.#enter(`undo ${operation.id}`, request.ref.name, call)
    const machine = this.#hypervisor.machines.get(request.ref.id)
    switch (operation.object.kind) {
      case 'machine':
        if (machine) this.#remove(machine)
        this.#removePool()
        return
      case 'file':
        this.#hypervisor.files.delete(operation.object.name)
        return
      case 'medium':
        if (machine) machine.medium = undefined
        return
      case 'start':
        machine?.end('off')
        return
      default:
        return
    }
  }

  async attach(ref: MachineRef, _role: MediumRole, medium: Medium, call: Call): Promise<void> {
    await this.#enter('attach', ref.name, call)
    await this.#insert(ref, medium)
  }

  async detach(ref: MachineRef, _role: MediumRole, call: Call): Promise<void> {
    await this.#enter('detach', ref.name, call)
    this.#hypervisor.machine(ref).medium = undefined
  }

  async start(ref: MachineRef, call: Call): Promise<StartResult> {
    await this.#enter('start', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    await machine.start()
    const rules = machine.mark?.provider['forwards']
    let outputs: Outputs
    try {
      outputs = this.#forward(ref, Array.isArray(rules) ? (rules as readonly Rule[]) : [])
    } catch (error) {
      machine.end('off')
      throw error
    }
    return { acceleration: 'emulated', outputs: { acceleration: 'emulated', ...outputs } }
  }

  async stop(ref: MachineRef, { mode, timeoutMs }: StopRequest, call: Call): Promise<void> {
    await this.#enter('stop', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    if (mode === 'force') machine.end('off')
    else machine.pressPowerButton()
    // A guest that heard it is off by now.
    if (machine.isOn) await deadline(timeoutMs, call.signal, ref.name)
  }

  async reset(ref: MachineRef, call: Call): Promise<void> {
    await this.#enter('reset', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    if (!machine.isOn) throw new AzlVmError('resource-busy', `the machine "${ref.name}" does not run`)
    await machine.reset()
  }

  async *watchState(ref: MachineRef, call: Call): AsyncIterable<PowerState> {
    await this.#enter('watchState', ref.name, call)
    const machine = this.#hypervisor.machines.get(ref.id)
    let told: PowerState | undefined
    for (;;) {
      const state = machine?.state ?? 'absent'
      if (state !== told) yield state
      told = state
      if (!machine || state === 'absent') return
      if (machine.state === state) await machine.more(call.signal)
      if (call.signal.aborted) throw cancelled('watchState')
    }
  }

  async inspect(ref: MachineRef, call: Call): Promise<MachineInfo> {
    await this.#enter('inspect', ref.name, call)
    const machine = this.#hypervisor.machines.get(ref.id)
    return machine
      ? infoOf(machine)
      : { ...infoOf(new MemoryMachine(() => this.#hypervisor.guest, ref, undefined, emptyConfig)), state: 'absent' }
  }

  async openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle> {
    await this.#enter('openConsole', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    const port = machine.serial[request.port]
    if (port.console && request.force !== true) {
      throw new AzlVmError('resource-busy', `somebody else holds the serial port of "${ref.name}"`, {
        hint: 'Take it over with --force.',
      })
    }
    port.console?.end({ why: 'taken' })
    const opened = new MemoryConsole(machine, request)
    port.console = opened
    return opened
  }

  async *readLog(ref: MachineRef, port: ConsolePort, call: Call): AsyncIterable<Uint8Array> {
    await this.#enter('readLog', ref.name, call)
    yield* this.#hypervisor.machines.get(ref.id)?.serial[port].log.slice() ?? []
  }

  async *followLog(ref: MachineRef, port: ConsolePort, from: LogStart, call: Call): AsyncIterable<Uint8Array> {
    await this.#enter('followLog', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    const { log, logAtStart } = machine.serial[port]
    for (let at = from === 'beginning' ? 0 : logAtStart; ;) {
      for (; at < log.length; at++) yield log[at] ?? Buffer.alloc(0)
      if (call.signal.aborted) throw cancelled('followLog')
      if (!machine.isOn) return
      await machine.more(call.signal)
    }
  }

  async describeLog(ref: MachineRef, call: Call): Promise<string> {
    await this.#enter('describeLog', ref.name, call)
    return 'everything is kept'
  }

  async events(ref: MachineRef, since: Date, call: Call): Promise<readonly HostEvent[]> {
    await this.#enter('events', ref.name, call)
    return this.#hypervisor.events.filter(({ at }) => at >= since.toISOString())
  }

  bootWatch(): BootWatch {
    return new Edk2BootWatch()
  }

  async endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined> {
    await this.#enter('endpoint', ref.name, call)
    const port = this.#hypervisor.machines.get(ref.id)?.ports.get(sshPort)
    return port === undefined ? undefined : { address: '127.0.0.1', port }
  }

  async viewer(ref: MachineRef, call: Call): Promise<Viewer> {
    await this.#enter('viewer', ref.name, call)
    return { command: ['memory-viewer', ref.id] }
  }

  async screenshot(ref: MachineRef, call: Call): Promise<Uint8Array> {
    await this.#enter('screenshot', ref.name, call)
    if (!this.#hypervisor.machine(ref).isOn)
      throw new AzlVmError('resource-busy', `the machine "${ref.name}" is off: there is no screen`)
    return blackPng(64, 48)
  }

  async updateMark(ref: MachineRef, change: Partial<Mark>, call: Call): Promise<void> {
    await this.#enter('updateMark', ref.name, call)
    const machine = this.#hypervisor.machine(ref)
    if (!machine.mark) throw new AzlVmError('not-owned', `the machine "${ref.name}" carries no mark`)
    machine.mark = { ...machine.mark, ...change }
  }

  async snapshot(ref: MachineRef, request: SnapshotRequest, call: Call): Promise<SnapshotInfo> {
    await this.#enter('snapshot', ref.name, call)
    return takeSnapshot(this.#hypervisor, ref, request)
  }

  async listSnapshots(ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
    await this.#enter('listSnapshots', ref.name, call)
    return snapshotsOf(this.#hypervisor, ref)
  }

  async restore(ref: MachineRef, request: RestoreRequest, call: Call): Promise<RestoreResult> {
    await this.#enter('restore', ref.name, call)
    return restoreSnapshot(this.#hypervisor, ref, request)
  }

  async deleteSnapshot(ref: MachineRef, name: string, call: Call): Promise<void> {
    await this.#enter('deleteSnapshot', ref.name, call)
    removeSnapshot(this.#hypervisor, ref, name)
  }

  async clone(ref: MachineRef, request: CloneRequest, call: Call): Promise<void> {
    await this.#enter('clone', ref.name, call)
    cloneMachine(this.#hypervisor, ref, request)
  }

  async exportDisk(ref: MachineRef, { file }: ExportRequest, call: Call): Promise<void> {
    await this.#enter('exportDisk', ref.name, call)
    const [disk] = this.#hypervisor.machine(ref).config.disks
    await writeFile(file, '', { flag: 'wx' })
    await truncate(file, disk?.sizeBytes)
  }

  async dependents(ref: MachineRef, call: Call): Promise<readonly MachineRef[]> {
    await this.#enter('dependents', ref.name, call)
    return dependentsOf(this.#hypervisor, ref)
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    await this.#enter('destroy', ref.name, call)
    requireNoDependents(ref, dependentsOf(this.#hypervisor, ref))
    const machine = this.#hypervisor.machines.get(ref.id)
    return { removed: machine ? this.#remove(machine) : [], kept: [] }
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    await this.#enter('list', undefined, call)
    return [...this.#hypervisor.machines.values()].filter((machine) => machine.mark).map(infoOf)
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    await this.#enter('findByName', name, call)
    return this.#alike(name).map(infoOf)
  }

  async leftovers(call: Call): Promise<readonly Leftover[]> {
    await this.#enter('leftovers', undefined, call)
    const runs = new Set([...this.#hypervisor.machines.values()].map((machine) => machine.mark?.runId))
    return [...this.#hypervisor.files]
      .filter(([, runId]) => !runs.has(runId))
      .map(([id, runId]) => ({ id, what: `file ${id}`, runId }))
  }

  async removeLeftover(leftover: Leftover, call: Call): Promise<boolean> {
    if (!(await this.leftovers(call)).some((found) => found.id === leftover.id)) return false
    await this.#enter('removeLeftover', undefined, call)
    return this.#hypervisor.files.delete(leftover.id)
  }

  async removeUnusedShared(call: Call): Promise<readonly string[]> {
    await this.#enter('removeUnusedShared', undefined, call)
    return this.#removePool() ? ['pool'] : []
  }

  async close(): Promise<void> {
    await setImmediate()
    this.#hypervisor.closed()
  }

  async #enter(name: string, machine: string | undefined, call: Call): Promise<void> {
    await this.#hypervisor.enter(name, machine, this.#generation, call.signal)
  }

  #alike(name: string): readonly MemoryMachine[] {
    const wanted = name.toLowerCase()
    return [...this.#hypervisor.machines.values()].filter((machine) => machine.ref.name.toLowerCase() === wanted)
  }

  /** The claim. */
  #define({ ref, spec, architecture, mark, macs }: MachineRequest): void {
    const { machines, capabilities } = this.#hypervisor
    const there = machines.get(ref.id)
    if (there?.mark && there.mark.runId === mark.runId) return
    if (there || this.#alike(ref.name).length > 0)
      throw new AzlVmError('machine-exists', `there is already a machine "${ref.name}" on ${this.host}`)
    const { machine } = spec
    const forwards = rulesFor(spec)
    machines.set(
      ref.id,
      new MemoryMachine(
        () => this.#hypervisor.guest,
        ref,
        { ...mark, provider: { forwards } },
        {
          architecture,
          hasSystemPort: guestCapabilities(capabilities, architecture).systemPort,
          cpus: machine.cpus,
          memoryBytes: machine.memory,
          secureBoot: machine.firmware.secureBoot === true,
          tpm: machine.firmware.tpm,
          networks: machine.networks.map(({ mode }, index) => ({ mode, mac: macs[index] ?? '' })),
          disks: [],
        },
      ),
    )
  }

  #makeFile(operation: Operation, request: MachineRequest): void {
    const { name } = operation.object
    const machine = this.#hypervisor.machine(request.ref)
    if (!this.#hypervisor.hasPool) throw new AzlVmError('backend-failed', 'the pool is gone')
    if (this.#hypervisor.files.has(name)) return
    this.#hypervisor.files.set(name, request.mark.runId)
    machine.config = {
      ...machine.config,
      disks: [...machine.config.disks, { where: name, sizeBytes: Number(operation.parameters['sizeBytes']) }],
    }
  }

  #observeFile(operation: Operation, request: MachineRequest): Observation {
    const { name } = operation.object
    if (!this.#hypervisor.files.has(name)) return { is: 'missing' }
    const found = this.#hypervisor.machines.get(request.ref.id)?.config.disks[Number(operation.parameters['index'])]
    const wanted = Number(operation.parameters['sizeBytes'])
    if (found?.sizeBytes === wanted) return { is: 'done' }
    const key = `machine.disks[${String(operation.parameters['index'])}].size`
    const difference = { key, wanted: formatBytes(wanted), found: formatBytes(found?.sizeBytes ?? 0) }
    return { is: 'different', differences: [difference] }
  }

  async #insert(ref: MachineRef, medium: Medium): Promise<void> {
    const content = await readFile(medium.path)
    const sha256 = createHash('sha256').update(content).digest('hex')
    this.#hypervisor.machine(ref).medium = { path: medium.path, sha256 }
  }

  #forward(ref: MachineRef, rules: readonly Rule[]): Outputs {
    const { ports } = this.#hypervisor.machine(ref)
    for (const { host } of rules) {
      const others = [...this.#hypervisor.machines.values()].filter((other) => other.ref.id !== ref.id)
      const holder = others.find((other) => [...other.ports.values()].some((port) => port === host))
      if (holder)
        throw new AzlVmError('resource-busy', `port ${host} of the host is taken`, {
          hint: `The machine "${holder.ref.name}" has it.`,
        })
    }
    for (const { host, guest } of rules)
      if (!ports.has(guest)) ports.set(guest, host === 'any' ? this.#hypervisor.freePort() : host)
    return Object.fromEntries([...ports].map(([guest, host]) => [`port-${String(guest)}`, host]))
  }

  #remove(machine: MemoryMachine): readonly string[] {
    machine.end('off')
    machine.endConsoles({ why: 'machine-off' })
    const { files, machines } = this.#hypervisor
    const mine = [...files].filter(([, runId]) => runId === machine.mark?.runId).map(([name]) => name)
    for (const name of mine) files.delete(name)
    machines.delete(machine.ref.id)
    machine.gone()
    return [...mine.map((name) => `file ${name}`), `machine ${machine.ref.name}`]
  }

  #removePool(): boolean {
    const { files, machines } = this.#hypervisor
    const isUsed = files.size > 0 || [...machines.values()].some((machine) => machine.mark)
    if (isUsed || !this.#hypervisor.hasPool) return false
    this.#hypervisor.hasPool = false
    return true
  }
}

function infoOf(machine: MemoryMachine): MachineInfo {
  const { ref, state, mark, config, medium } = machine
  return {
    ref,
    state,
    reason: '',
    mark,
    acceleration: mark ? 'emulated' : undefined,
    ...config,
    installer: medium?.path,
  }
}

async function deadline(timeoutMs: number, signal: AbortSignal, name: string): Promise<never> {
  return await new Promise((_, reject) => {
    const timer = setTimeout(() => {
      reject(new AzlVmError('timed-out', `the guest of "${name}" did not shut down; the machine runs on`))
    }, timeoutMs)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        reject(cancelled('stop'))
      },
      { once: true },
    )
  })
}
