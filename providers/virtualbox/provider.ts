/** The contract on VirtualBox. Each member hands over to the file that knows how. */
import { absentMachine } from '../../src/provider/absent-machine.ts'
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
  Making,
  Observation,
  Provider,
  ProviderContext,
  RemovalReport,
  StartResult,
  StopRequest,
  Viewer,
} from '../../src/provider/contract.ts'
import type { Dependent } from '../../src/provider/dependents.ts'
import type { ExportRequest } from '../../src/provider/export.ts'
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
import { dependentsAmong } from './chains.ts'
import { changeMark } from './change-mark.ts'
import { cloneMachine } from './clone.ts'
import { followLog, openConsole, recorderIfOn } from './console.ts'
import { endpointOf } from './endpoint.ts'
import { exportDisk } from './export.ts'
import { assumedFacts, readFacts } from './facts.ts'
import type { HostPlaces } from './host.ts'
import { infoOf } from './info.ts'
import { findLeftovers, removeLeftover, removeLeftoversOf } from './leftovers.ts'
import { watchState } from './machine-state.ts'
import { allMachines, findMachine } from './machines.ts'
import { attachMedium, ejectMedium } from './medium.ts'
import { providerName } from './names.ts'
import { observeOperation } from './observe.ts'
import { parametersOf } from './parameters.ts'
import { makePlan } from './plan.ts'
import { destroyMachine } from './removal.ts'
import { resetMachine } from './reset.ts'
import { screenshotOf } from './screenshot.ts'
import { Session } from './session.ts'
import { deleteSnapshot, listSnapshots, restoreSnapshot, takeSnapshot } from './snapshots.ts'
import { startMachine } from './start.ts'
import { stopMachine, turnOff } from './stop.ts'
import { viewerOf } from './viewer.ts'

export class VirtualBoxProvider implements Provider {
  readonly name = providerName
  readonly host = 'local'
  readonly #session: Session
  readonly #recorders: LocalRecorders
  readonly #consoles = new Map<RecorderConsole, MachineRef>()

  constructor(context: ProviderContext, places: HostPlaces) {
    this.#session = new Session(context, places)
    this.#recorders = new LocalRecorders(this.name, context)
  }

  async facts(call: Call, making?: Making): Promise<Facts> {
    return await readFacts(this.#session, call, making)
  }

  assumedFacts(facts: Facts): Facts {
    return assumedFacts(this.#session, facts.findings)
  }

  plan(request: MachineRequest, facts: Facts): Plan {
    return makePlan(request, facts)
  }

  async observe(operation: Operation, request: MachineRequest, call: Call): Promise<Observation> {
    return await observeOperation(this.#session, parametersOf(operation), request, call)
  }

  async apply(operation: Operation, request: MachineRequest, call: Call): Promise<Outputs> {
    const parameters = parametersOf(operation)
    if (parameters.kind === 'start') return (await this.start(request.ref, call)).outputs
    const outputs = await applyOperation(this.#session, parameters, request, call)
    if (parameters.kind === 'machine') this.#recorders.prepare(request.ref.id, parameters.serialPath, call)
    return outputs
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    const { kind } = parametersOf(operation)
    const { ref, mark } = request
    if (kind === 'machine') {
      const machine = await findMachine(this.#session, ref, call)
      if (machine?.mark?.runId === mark.runId) await this.destroy(ref, call)
      await removeLeftoversOf(this.#session, this.#recorders, mark.runId, call)
    } else if (kind === 'start') await turnOff(this.#session, ref, call)
    else if (kind === 'medium' && (await findMachine(this.#session, ref, call)))
      await ejectMedium(this.#session, ref, call)
    // All else goes with the machine and its folder.
  }

  async attach(ref: MachineRef, _role: MediumRole, medium: Medium, call: Call): Promise<void> {
    await attachMedium(this.#session, ref, medium, call)
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
    const machine = await findMachine(this.#session, ref, call)
    return machine ? await infoOf(machine) : absentMachine(ref)
  }

  async openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle> {
    const console = await openConsole(this.#session, this.#recorders, ref, request, call)
    this.#consoles.set(console, ref)
    void console.ended.then(() => this.#consoles.delete(console))
    return console
  }

  readLog(ref: MachineRef): AsyncIterable<Uint8Array> {
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
    return new SilentFirmwareWatch()
  }

  /** VirtualBox notes nothing that tells how a boot went. */
  events(): Promise<readonly HostEvent[]> {
    return Promise.resolve([])
  }

  async endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined> {
    const machine = await findMachine(this.#session, ref, call)
    return machine && endpointOf(machine)
  }

  async viewer(ref: MachineRef, call: Call): Promise<Viewer> {
    return await viewerOf(this.#session, ref, call)
  }

  async screenshot(ref: MachineRef, call: Call): Promise<Uint8Array> {
    return await screenshotOf(this.#session, ref, call)
  }

  async updateMark(ref: MachineRef, change: Partial<Mark>, call: Call): Promise<void> {
    await changeMark(this.#session, ref, (mark) => ({ ...mark, ...change }), call)
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
    const machine = await findMachine(this.#session, ref, call)
    return machine ? dependentsAmong(machine, await allMachines(this.#session, call)) : []
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    const report = await destroyMachine(this.#session, ref, call)
    for (const [console, { id }] of this.#consoles) if (id === ref.id) console.machineGone()
    await this.#recorders.remove(ref.id)
    return report
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    const machines = await allMachines(this.#session, call)
    return await Promise.all(machines.filter(({ mark }) => mark !== undefined).map(infoOf))
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    const wanted = name.toLowerCase()
    const machines = await allMachines(this.#session, call)
    return await Promise.all(machines.filter(({ ref }) => ref.name.toLowerCase() === wanted).map(infoOf))
  }

  async leftovers(call: Call): Promise<readonly Leftover[]> {
    return await findLeftovers(this.#session, this.#recorders, call)
  }

  async removeLeftover(leftover: Leftover, call: Call): Promise<boolean> {
    return await removeLeftover(this.#session, this.#recorders, leftover, call)
  }

  /** Machines share nothing. */
  removeUnusedShared(): Promise<readonly string[]> {
    return Promise.resolve([])
  }

  async close(): Promise<void> {
    await closeAll([...this.#consoles.keys(), this.#recorders])
  }
}
