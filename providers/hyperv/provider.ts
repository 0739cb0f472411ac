/** The contract on Hyper-V. Each member hands over to the file that knows how. */
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
import type { Endpoint, MachineInfo, MachineRef, PowerState } from '../../src/provider/machine.ts'
import type { Outputs, Plan } from '../../src/provider/plan.ts'
import type { RestoreResult, SnapshotInfo } from '../../src/provider/snapshot.ts'
import type { HostChoice } from './host.ts'
import { infoOf } from './info.ts'
import { allMachines, type FoundMachine } from './machines.ts'
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

  facts(): Promise<Facts> {
    return notYet('facts')
  }

  assumedFacts(): Facts {
    throw notYetError('assumed facts')
  }

  plan(): Plan {
    throw notYetError('a plan')
  }

  observe(): Promise<Observation> {
    return notYet('observe')
  }

  apply(): Promise<Outputs> {
    return notYet('apply')
  }

  undo(): Promise<void> {
    return notYet('undo')
  }

  attach(): Promise<void> {
    return notYet('attach')
  }

  detach(): Promise<void> {
    return notYet('detach')
  }

  start(): Promise<StartResult> {
    return notYet('start')
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

  updateMark(): Promise<void> {
    return notYet('the mark')
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

  destroy(): Promise<RemovalReport> {
    return notYet('destroy')
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    return await this.#infosWhere(({ mark }) => mark !== undefined, call)
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    const wanted = name.toLowerCase()
    return await this.#infosWhere(({ ref }) => ref.name.toLowerCase() === wanted, call)
  }

  leftovers(): Promise<readonly Leftover[]> {
    return notYet('leftovers')
  }

  removeLeftover(): Promise<boolean> {
    return notYet('leftovers')
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
