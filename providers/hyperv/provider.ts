/** The contract on Hyper-V. Each member hands over to the file that knows how. */
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
import type { ConsolePort } from '../../src/provider/capabilities.ts'
import { closeAll } from '../../src/provider/close-all.ts'
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
import type {
  CloneRequest,
  RestoreRequest,
  RestoreResult,
  SnapshotInfo,
  SnapshotRequest,
} from '../../src/provider/snapshot.ts'
import { SilentFirmwareWatch } from '../../src/provider/silent-boot-watch.ts'
import { describePort, readRecorded } from '../../src/recorder/recorded-log.ts'
import type { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import { LocalRecorders, type Recorders } from '../../src/recorder/recorders.ts'
import { applyOperation } from './apply.ts'
import { dependentsOf } from './chains.ts'
import { changeMark } from './change-mark.ts'
import { claim } from './claim.ts'
import { cloneMachine } from './clone.ts'
import { followLog, openConsole, prepareRecorder, recorderIfOn } from './console.ts'
import { eventsOf } from './events.ts'
import { exportDisk } from './export.ts'
import { assumedFacts, readFacts } from './facts.ts'
import type { HostChoice } from './host.ts'
import { endpointOf } from './endpoint.ts'
import { removeUnusedMedia } from './host-media.ts'
import { infoOf, powerState } from './info.ts'
import { findLeftovers, removeLeftover, removeLeftoversOf } from './leftovers.ts'
import { watchState } from './machine-state.ts'
import { allMachines, findBrief, findVmId, type FoundMachine } from './machines.ts'
import { attachMedium, ejectMedium } from './medium.ts'
import { leaveNetworks, removeUnusedNetworks } from './networks.ts'
import { observeOperation } from './observe.ts'
import { removeOldScripts } from './old-scripts.ts'
import { parametersOf } from './parameters.ts'
import { makePlan } from './plan.ts'
import { destroyMachine, removeSwitches } from './removal.ts'
import { RemoteRecorders } from './remote-recorders.ts'
import { resetMachine } from './reset.ts'
import { screenshotOf } from './screenshot.ts'
import { Session } from './session.ts'
import { deleteSnapshot, listSnapshots, restoreSnapshot, takeSnapshot } from './snapshots.ts'
import { startMachine } from './start.ts'
import { stopMachine, turnOff } from './stop.ts'
import { viewerOf } from './viewer.ts'

export class HyperVProvider implements Provider {
  readonly name = 'hyperv'
  readonly #session: Session
  readonly #recorders: Recorders
  readonly #consoles = new Map<RecorderConsole, MachineRef>()

  constructor(choice: HostChoice, context: ProviderContext) {
    this.#session = new Session(choice, context)
    this.#recorders =
      choice.via === undefined ? new LocalRecorders(this.name, context) : new RemoteRecorders(this.#session)
    this.#session.warmUp()
  }

  get host(): string {
    return this.#session.choice.host
  }

  async facts(call: Call, making?: Making): Promise<Facts> {
    return await readFacts(this.#session, making, call)
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
    if (parameters.kind === 'machine') {
      const vmId = await claim(this.#session, parameters, request, call)
      await prepareRecorder(this.#session, this.#recorders, request.ref, vmId, call)
      return { 'vm-id': vmId }
    }
    if (parameters.kind !== 'start') return await applyOperation(this.#session, parameters, request, call)
    const { acceleration, outputs } = await this.start(request.ref, call)
    return { ...outputs, acceleration }
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    const { kind } = parametersOf(operation)
    const machine = await findBrief(this.#session, request.ref, call)
    if (kind === 'machine') {
      await this.destroy(request.ref, call)
      await removeLeftoversOf(this.#session, this.#recorders, request.mark.runId, call)
    } else if (kind === 'switch') await removeSwitches(this.#session, request.mark.runId, call)
    else if (machine && kind === 'shared-network') await leaveNetworks(this.#session, machine.vmId, call)
    else if (machine && kind === 'start')
      await turnOff(this.#session, { name: request.ref.name, vmId: machine.vmId }, call)
    else if (machine && kind === 'medium') await ejectMedium(this.#session, request.ref, call)
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
    return await infoOf(this.#session, ref, call)
  }

  async openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle> {
    const console = await openConsole(this.#session, this.#recorders, ref, request, call)
    this.#consoles.set(console, ref)
    void console.ended.then(() => this.#consoles.delete(console))
    return console
  }

  readLog(ref: MachineRef, _port: ConsolePort, call: Call): AsyncIterable<Uint8Array> {
    return readRecorded(this.#recorders.recorded(ref.id, call))
  }

  followLog(ref: MachineRef, _port: ConsolePort, from: LogStart, call: Call): AsyncIterable<Uint8Array> {
    return followLog(this.#session, this.#recorders, ref, from, call)
  }

  async describeLog(ref: MachineRef, call: Call): Promise<string> {
    const begin = () => recorderIfOn(this.#session, this.#recorders, ref, call)
    return await describePort(this.#recorders, ref.id, begin, call)
  }

  bootWatch(): BootWatch {
    // mu_msvm's SerialDxe stays out of COM1.
    return new SilentFirmwareWatch()
  }

  async events(ref: MachineRef, since: Date, call: Call): Promise<readonly HostEvent[]> {
    const vmId = await findVmId(this.#session, ref, call)
    return vmId === undefined ? [] : await eventsOf(this.#session, { name: ref.name, vmId }, since, call)
  }

  async endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined> {
    const machine = await findBrief(this.#session, ref, call)
    if (!machine || powerState(machine.config.state) !== 'running') return undefined
    return await endpointOf(this.#session, machine.vmId, call)
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

  async dependents(ref: MachineRef, call: Call): Promise<readonly MachineRef[]> {
    return await dependentsOf(this.#session, ref, call)
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    const report = await destroyMachine(this.#session, ref, call)
    for (const [console, { id }] of this.#consoles) if (id === ref.id) console.machineGone()
    const recorded = await this.#recorders.remove(ref.id, call)
    const media = await removeUnusedMedia(this.#session, call)
    return { ...report, removed: [...report.removed, ...recorded, ...media] }
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

  async removeUnusedShared(call: Call): Promise<readonly string[]> {
    const networks = await removeUnusedNetworks(this.#session, call)
    const media = await removeUnusedMedia(this.#session, call)
    return [...networks, ...media, ...(await removeOldScripts(this.#session, call))]
  }

  async close(): Promise<void> {
    await closeAll([...this.#consoles.keys(), this.#recorders, this.#session])
  }

  async #infosWhere(isWanted: (machine: FoundMachine) => boolean, call: Call): Promise<readonly MachineInfo[]> {
    const machines = (await allMachines(this.#session, call)).filter(isWanted)
    return await Promise.all(machines.map(({ ref }) => infoOf(this.#session, ref, call)))
  }
}
