/** The contract on Hyper-V. Each member hands over to the file that knows how. */
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type {
  BootWatch,
  Call,
  ConsoleHandle,
  Facts,
  Leftover,
  Observation,
  Provider,
  ProviderContext,
  RemovalReport,
  StartResult,
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
import type { RestoreResult, SnapshotInfo } from '../../src/provider/snapshot.ts'
import { applyOperation } from './apply.ts'
import { changeMark } from './change-mark.ts'
import { assumedFacts, readFacts } from './facts.ts'
import type { HostChoice } from './host.ts'
import { infoOf } from './info.ts'
import { findLeftovers, removeLeftover, removeLeftoversOf } from './leftovers.ts'
import { allMachines, findMachine, requireMachine, type FoundMachine } from './machines.ts'
import { attachMedium, ejectMedium } from './medium.ts'
import { observeOperation } from './observe.ts'
import { makePlan, parametersOf } from './plan.ts'
import { destroyMachine, removeSwitches, turnOff } from './removal.ts'
import { Session } from './session.ts'

export class HyperVProvider implements Provider {
  readonly name = 'hyperv'
  readonly logLimit = 'the log begins with the start of the machine'
  readonly #session: Session

  constructor(choice: HostChoice, context: ProviderContext) {
    this.#session = new Session(choice, context)
    this.#session.warmUp()
  }

  get host(): string {
    return this.#session.choice.host
  }

  async facts(call: Call): Promise<Facts> {
    return await readFacts(this.#session, call)
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
    if (parameters.kind !== 'start') return await applyOperation(this.#session, parameters, request, call)
    const { acceleration, outputs } = await this.start(request.ref, call)
    return { ...outputs, acceleration }
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    const { kind } = parametersOf(operation)
    const machine = await findMachine(this.#session, request.ref, call)
    if (kind === 'machine') {
      await destroyMachine(this.#session, request.ref, call)
      await removeLeftoversOf(this.#session, request.mark.runId, call)
    } else if (kind === 'switch') await removeSwitches(this.#session, request.mark.runId, call)
    else if (machine && kind === 'start') await turnOff(this.#session, machine.vmId, request.ref.name, call)
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
    const { vmId } = await requireMachine(this.#session, ref, call)
    const asked = { action: `start ${ref.name}`, schema: z.literal(true) }
    await this.#session.run('start-vm', { id: vmId }, asked, call)
    return { acceleration: 'hardware', outputs: {} }
  }

  stop(): Promise<void> {
    return notYet('stop')
  }

  reset(): Promise<void> {
    return notYet('reset')
  }

  watchState(): AsyncIterable<PowerState> {
    throw notYetError('watch the state')
  }

  async inspect(ref: MachineRef, call: Call): Promise<MachineInfo> {
    return await infoOf(this.#session, ref, call)
  }

  openConsole(): Promise<ConsoleHandle> {
    return notYet('a console')
  }

  readLog(): AsyncIterable<Uint8Array> {
    throw notYetError('a log')
  }

  followLog(): AsyncIterable<Uint8Array> {
    throw notYetError('a log')
  }

  bootWatch(): BootWatch {
    return new Edk2BootWatch()
  }

  endpoint(): Promise<Endpoint | undefined> {
    return notYet('an endpoint')
  }

  viewer(): Promise<Viewer> {
    return notYet('a window')
  }

  screenshot(): Promise<Uint8Array> {
    return notYet('a screenshot')
  }

  async updateMark(ref: MachineRef, change: Partial<Mark>, call: Call): Promise<void> {
    await changeMark(this.#session, ref, (mark) => ({ ...mark, ...change }), call)
  }

  snapshot(): Promise<SnapshotInfo> {
    return notYet('snapshots')
  }

  listSnapshots(): Promise<readonly SnapshotInfo[]> {
    return notYet('snapshots')
  }

  restore(): Promise<RestoreResult> {
    return notYet('snapshots')
  }

  deleteSnapshot(): Promise<void> {
    return notYet('snapshots')
  }

  clone(): Promise<void> {
    return notYet('clones')
  }

  dependents(): Promise<readonly MachineRef[]> {
    return Promise.resolve([])
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    return await destroyMachine(this.#session, ref, call)
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    return await this.#infosWhere(({ mark }) => mark !== undefined, call)
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    const wanted = name.toLowerCase()
    return await this.#infosWhere(({ ref }) => ref.name.toLowerCase() === wanted, call)
  }

  async leftovers(call: Call): Promise<readonly Leftover[]> {
    return await findLeftovers(this.#session, call)
  }

  async removeLeftover(leftover: Leftover, call: Call): Promise<boolean> {
    return await removeLeftover(this.#session, leftover, call)
  }

  removeUnusedShared(): Promise<readonly string[]> {
    return Promise.resolve([])
  }

  async close(): Promise<void> {
    await this.#session.close()
  }

  async #infosWhere(isWanted: (machine: FoundMachine) => boolean, call: Call): Promise<readonly MachineInfo[]> {
    const machines = (await allMachines(this.#session, call)).filter(isWanted)
    return await Promise.all(machines.map(({ ref }) => infoOf(this.#session, ref, call)))
  }
}

function notYetError(what: string): AzlVmError {
  return new AzlVmError('not-supported', `azl-vm has no way to ${what} on Hyper-V yet`)
}

function notYet(what: string): Promise<never> {
  return Promise.reject(notYetError(what))
}
