/** The contract on VMware Workstation and Fusion. Each member hands over to the file that knows how. */
import type { ConsolePort } from '../../src/provider/capabilities.ts'
import { closeAll } from '../../src/provider/close-all.ts'
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
  ProviderContext,
  RemovalReport,
  StartResult,
  StopRequest,
  Viewer,
} from '../../src/provider/contract.ts'
import type {
  Endpoint,
  MachineInfo,
  MachineRef,
  MachineRequest,
  Medium,
  MediumRole,
  PowerState,
} from '../../src/provider/machine.ts'
import type { Dependent } from '../../src/provider/dependents.ts'
import type { ExportRequest } from '../../src/provider/export.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { Operation, Outputs, Plan } from '../../src/provider/plan.ts'
import { SilentFirmwareWatch } from '../../src/provider/silent-boot-watch.ts'
import type {
  CloneRequest,
  RestoreRequest,
  RestoreResult,
  SnapshotInfo,
  SnapshotRequest,
} from '../../src/provider/snapshot.ts'
import { describePort, readRecorded } from '../../src/recorder/recorded-log.ts'
import type { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import { LocalRecorders } from '../../src/recorder/recorders.ts'
import { applyOperation } from './apply.ts'
import { dependentsOf } from './chains.ts'
import { claim } from './claim.ts'
import { cloneMachine } from './clone.ts'
import { followLog, openConsole, recorderIfOn } from './console.ts'
import { endpointOf } from './endpoint.ts'
import { exportDisk } from './export.ts'
import { assumedFacts, readFacts } from './facts.ts'
import { infoOf } from './info.ts'
import { findLeftovers, removeLeftover, removeLeftoversOf } from './leftovers.ts'
import { stateOf, watchState } from './machine-state.ts'
import { allMachines, changeNote, findMachine, requireOwnMachine, type FoundMachine } from './machines.ts'
import { attachMedium, ejectMedium } from './medium.ts'
import { isSamePath, pathsOf } from './names.ts'
import { observeOperation } from './observe.ts'
import { parametersOf } from './parameters.ts'
import { makePlan } from './plan.ts'
import { destroyMachine } from './removal.ts'
import { resetMachine } from './reset.ts'
import { forgetRoots } from './roots.ts'
import { screenshotOf } from './screenshot.ts'
import { Session, usualPlaces, type Places } from './session.ts'
import { deleteSnapshot, listSnapshots, restoreSnapshot, takeSnapshot } from './snapshots.ts'
import { startMachine } from './start.ts'
import { stopMachine, turnOff } from './stop.ts'
import { viewerOf } from './viewer.ts'
import { readVmwareLog } from './vmware-log.ts'

export class VmwareProvider implements Provider {
  readonly name = 'vmware'
  readonly host = 'local'
  readonly #session: Session
  readonly #recorders: LocalRecorders
  readonly #consoles = new Map<RecorderConsole, MachineRef>()

  constructor(context: ProviderContext, places: Places = usualPlaces) {
    this.#session = new Session(context, places)
    this.#recorders = new LocalRecorders(this.name, context)
  }

  async facts(call: Call): Promise<Facts> {
    return await readFacts(this.#session, call)
  }

  assumedFacts(facts: Facts): Facts {
    return assumedFacts(facts)
  }

  plan(request: MachineRequest, facts: Facts): Plan {
    return makePlan(request, facts)
  }

  async observe(operation: Operation, request: MachineRequest, call: Call): Promise<Observation> {
    return await observeOperation(this.#session, parametersOf(operation), request, call)
  }

  async apply(operation: Operation, request: MachineRequest, call: Call): Promise<Outputs> {
    const parameters = parametersOf(operation)
    if (parameters.kind === 'machine') {
      const vmx = await claim(this.#session, parameters, request, call)
      this.#recorders.prepare(request.ref.id, parameters.shape.serialPath, call)
      return { vmx }
    }
    if (parameters.kind !== 'start') return await applyOperation(this.#session, parameters, request, call)
    return (await this.start(request.ref, call)).outputs
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    const { kind } = parametersOf(operation)
    const machine = await findMachine(this.#session, request.ref, call)
    if (kind === 'machine') {
      await this.destroy(request.ref, call)
      await removeLeftoversOf(this.#session, this.#recorders, request.mark.runId, call)
      await this.removeUnusedShared(call)
    } else if (machine && kind === 'start') await turnOff(this.#session, machine, call)
    else if (machine && kind === 'medium') await ejectMedium(this.#session, request.ref, call)
    // A disk goes with the machine's folder.
  }

  async attach(ref: MachineRef, _role: MediumRole, medium: Medium, call: Call): Promise<void> {
    await attachMedium(this.#session, ref, medium.path, call)
  }

  async detach(ref: MachineRef, _role: MediumRole, call: Call): Promise<void> {
    await ejectMedium(this.#session, ref, call)
  }

  async start(ref: MachineRef, call: Call): Promise<StartResult> {
    return await startMachine(this.#session, this.#recorders, ref, call)
  }

  async stop(ref: MachineRef, request: StopRequest, call: Call): Promise<void> {
    await stopMachine(this.#session, ref, request, call)
  }

  async reset(ref: MachineRef, call: Call): Promise<void> {
    await resetMachine(this.#session, this.#recorders, ref, call)
  }

  watchState(ref: MachineRef, call: Call): AsyncIterable<PowerState> {
    return watchState(this.#session, ref, call)
  }

  async inspect(ref: MachineRef, call: Call): Promise<MachineInfo> {
    return await infoOf(this.#session, ref, call)
  }

  async openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle> {
    const console = await openConsole(this.#session, this.#recorders, ref, request, call)
    this.#consoles.set(console, ref)
    void console.ended.then(() => this.#consoles.delete(console))
    return console
  }

  readLog(ref: MachineRef, _port: ConsolePort, _call: Call): AsyncIterable<Uint8Array> {
    return readRecorded(this.#recorders.recorded(ref.id))
  }

  followLog(ref: MachineRef, _port: ConsolePort, from: LogStart, call: Call): AsyncIterable<Uint8Array> {
    return followLog(this.#session, this.#recorders, ref, from, call)
  }

  async describeLog(ref: MachineRef, call: Call): Promise<string> {
    const begin = () => recorderIfOn(this.#session, this.#recorders, ref, call)
    return await describePort(this.#recorders, ref.id, begin, call)
  }

  bootWatch(): BootWatch {
    // The .vmx keeps the firmware off the serial port.
    return new SilentFirmwareWatch()
  }

  async events(ref: MachineRef, since: Date, call: Call): Promise<readonly HostEvent[]> {
    const machine = await findMachine(this.#session, ref, call)
    if (!machine) return []
    const findings = await readVmwareLog(this.#session, machine.folder, since)
    return findings.map(({ at, text, refused }) => ({ at, text, refused }))
  }

  async endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined> {
    const machine = await findMachine(this.#session, ref, call)
    if (!machine || (await stateOf(this.#session, machine, call)).state !== 'running') return undefined
    return await endpointOf(this.#session, machine, call)
  }

  async viewer(ref: MachineRef, call: Call): Promise<Viewer> {
    return await viewerOf(this.#session, ref, call)
  }

  async screenshot(ref: MachineRef, call: Call): Promise<Uint8Array> {
    return await screenshotOf(this.#session, ref, call)
  }

  async updateMark(ref: MachineRef, change: Partial<Mark>, call: Call): Promise<void> {
    await changeNote(this.#session, await requireOwnMachine(this.#session, ref, call), { mark: change })
  }

  async snapshot(ref: MachineRef, request: SnapshotRequest, call: Call): Promise<SnapshotInfo> {
    return await takeSnapshot(this.#session, ref, request, call)
  }

  async listSnapshots(ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
    return await listSnapshots(this.#session, ref, call)
  }

  async restore(ref: MachineRef, request: RestoreRequest, call: Call): Promise<RestoreResult> {
    return await restoreSnapshot(this.#session, ref, request, () => this.start(ref, call), call)
  }

  async deleteSnapshot(ref: MachineRef, name: string, call: Call): Promise<void> {
    await deleteSnapshot(this.#session, ref, name, call)
  }

  async clone(ref: MachineRef, request: CloneRequest, call: Call): Promise<void> {
    await cloneMachine(this.#session, ref, request, call)
  }

  async exportDisk(ref: MachineRef, request: ExportRequest, call: Call): Promise<void> {
    await exportDisk(this.#session, ref, request, call)
  }

  async dependents(ref: MachineRef, call: Call): Promise<readonly Dependent[]> {
    return await dependentsOf(this.#session, ref, call)
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    const report = await destroyMachine(this.#session, ref, call)
    for (const [console, { id }] of this.#consoles) if (id === ref.id) console.machineGone()
    const recorded = await this.#recorders.remove(ref.id)
    return { ...report, removed: [...report.removed, ...recorded] }
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    return await this.#infosWhere(({ mark }) => mark !== undefined, call)
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    const wanted = name.toLowerCase()
    return await this.#infosWhere(({ ref }) => ref.name.toLowerCase() === wanted, call)
  }

  async leftovers(call: Call): Promise<readonly Leftover[]> {
    return await findLeftovers(this.#session, this.#recorders, call)
  }

  async removeLeftover(leftover: Leftover, call: Call): Promise<boolean> {
    return await removeLeftover(this.#session, this.#recorders, leftover, call)
  }

  /** The list of folders for machines that specs named. */
  async removeUnusedShared(call: Call): Promise<readonly string[]> {
    const { platform } = this.#session
    const machines = await allMachines(this.#session, call)
    const leftovers = await findLeftovers(this.#session, this.#recorders, call)
    const used = [...machines.map(({ folder }) => folder), ...leftovers.map(({ id }) => id)].map((folder) =>
      pathsOf(platform).dirname(folder),
    )
    const isUsed = (root: string): boolean => used.some((place) => isSamePath(place, root, platform))
    return await forgetRoots(this.#session, isUsed, call)
  }

  async close(): Promise<void> {
    await closeAll([...this.#consoles.keys(), this.#recorders])
  }

  async #infosWhere(isWanted: (machine: FoundMachine) => boolean, call: Call): Promise<readonly MachineInfo[]> {
    const machines = (await allMachines(this.#session, call)).filter(isWanted)
    return await Promise.all(machines.map(({ ref }) => infoOf(this.#session, ref, call)))
  }
}
