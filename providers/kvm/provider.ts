/** The contract on libvirt. Each member hands over to the file that knows how. */
import { isOperationInvalid, type Domain } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
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
import { Edk2BootWatch } from '../../src/provider/edk2-boot-watch.ts'
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
import { noScreen } from '../../src/provider/machine-errors.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { Operation, Outputs, Plan } from '../../src/provider/plan.ts'
import type { ConsolePort } from '../../src/provider/capabilities.ts'
import type {
  CloneRequest,
  RestoreRequest,
  RestoreResult,
  SnapshotInfo,
  SnapshotRequest,
} from '../../src/provider/snapshot.ts'
import { claim } from './claim.ts'
import { cloneDomain } from './clone.ts'
import { ArmedConsole, portIsHeld } from './console.ts'
import type { DomainConfig } from './domain-config.ts'
import { allDomains } from './domains.ts'
import { exportDisk } from './export.ts'
import { assumedFacts, readFacts } from './facts.ts'
import { addForwards, readForwards } from './forwards.ts'
import type { HostChoice } from './host.ts'
import { infoOf } from './info.ts'
import { findLeftovers, removeLeftover } from './leftovers.ts'
import { changeMark } from './change-mark.ts'
import { attachMedium, ejectMedium } from './medium.ts'
import { isoVolumeOf } from './names.ts'
import { ensureHostOnlyNetwork, ensureIsolatedNetwork, startOwnNetworks } from './own-networks.ts'
import { observeOperation } from './observe.ts'
import { makePlan, sshPort, type KvmParameters } from './plan.ts'
import {
  dependentsOf,
  destroyDomain,
  removeNetwork,
  removeUnusedHostOnly,
  removeUnusedPools,
  switchOff,
} from './removal.ts'
import { resetDomain } from './reset.ts'
import { logLimit, followSerialLog, readSerialLog } from './serial-log.ts'
import { serialIndexOf, type SerialIndex } from './serial-ports.ts'
import { Session, signalOf } from './session.ts'
import { restoreSnapshot } from './restore.ts'
import { deleteSnapshot, listSnapshots, takeSnapshot } from './snapshots.ts'
import { startDomain } from './start.ts'
import { deleteVolume, ensurePool, ensureVolume, findPool } from './storage.ts'
import { translateError } from './errors.ts'
import { viewerOf } from './viewer.ts'
import { waitFor } from './wait.ts'
import { watchState } from './watch-state.ts'

export class KvmProvider implements Provider {
  readonly name = 'kvm'
  readonly #session: Session
  readonly #context: ProviderContext
  /** By machine: the consoles that wait for the start, one for each port. */
  readonly #consoles = new Map<string, readonly ArmedConsole[]>()
  readonly #openConsoles = new Set<ArmedConsole>()

  constructor(choice: HostChoice, context: ProviderContext) {
    this.#session = new Session(choice, context)
    this.#context = context
  }

  get host(): string {
    return this.#session.choice.uri
  }

  async facts(call: Call): Promise<Facts> {
    const read = (): Promise<Facts> =>
      readFacts(this.#session.choice, () => this.#session.connection(call), this.#context.env, call)
    try {
      return await read()
    } catch (error) {
      throw translateError(error, 'read what the host offers', this.host)
    }
  }

  assumedFacts(facts: Facts): Facts {
    return assumedFacts(this.#session.choice, this.#context.env, facts.findings)
  }

  plan(request: MachineRequest, facts: Facts): Plan {
    return makePlan(request, facts)
  }

  async observe(operation: Operation, request: MachineRequest, call: Call): Promise<Observation> {
    return await observeOperation(this.#session, parametersOf(operation), request, call)
  }

  async apply(operation: Operation, request: MachineRequest, call: Call): Promise<Outputs> {
    const parameters = parametersOf(operation)
    const { ref } = request
    switch (parameters.kind) {
      case 'domain':
        await claim(this.#session, parameters.xml, request, call)
        return {}
      case 'network':
        await ensureIsolatedNetwork(this.#session, parameters.network, call)
        return {}
      case 'host-only':
        await ensureHostOnlyNetwork(this.#session, call)
        return {}
      case 'pool':
        await this.#context.sharedLock(`pool ${this.host} ${parameters.pool}`, call, () =>
          ensurePool(this.#session, parameters.pool, parameters.path, call),
        )
        return {}
      case 'volume':
        await this.#makeVolume(parameters, call)
        return {}
      case 'medium':
        return { place: (await attachMedium(this.#session, ref, request.installer, parameters.volume, call)).path }
      case 'start':
        return (await this.#start(ref, false, call)).outputs
      case 'forward':
        return await addForwards(this.#session, await this.#session.domain(ref, call), parameters.forwards, call)
    }
  }

  async undo(operation: Operation, request: MachineRequest, call: Call): Promise<void> {
    const parameters = parametersOf(operation)
    const { ref } = request
    const domain = await this.#session.findDomain(ref, call)
    switch (parameters.kind) {
      case 'domain':
        await destroyDomain(this.#session, ref, call)
        await this.removeUnusedShared(call)
        return
      case 'network':
        await removeNetwork(this.#session, parameters.network, call)
        return
      case 'volume': {
        const pool = await findPool(this.#session, parameters.pool, call)
        if (pool) await deleteVolume(this.#session, pool, parameters.volume, call)
        return
      }
      case 'start':
        if (domain) await switchOff(this.#session, domain, call)
        return
      case 'medium':
        // The copy stays until the domain that names it is gone; it goes with the undo of `define`.
        if (domain) await ejectMedium(this.#session, ref, call)
        return
      // What machines share goes with the undo of `define`, where this was the last of them.
      case 'pool':
      case 'host-only':
      case 'forward':
        return
    }
  }

  async attach(ref: MachineRef, _role: MediumRole, medium: Medium, call: Call): Promise<void> {
    await attachMedium(this.#session, ref, medium, isoVolumeOf(medium), call)
  }

  async detach(ref: MachineRef, _role: MediumRole, call: Call): Promise<void> {
    await ejectMedium(this.#session, ref, call)
  }

  async start(ref: MachineRef, call: Call): Promise<StartResult> {
    return await this.#start(ref, true, call)
  }

  async stop(ref: MachineRef, request: StopRequest, call: Call): Promise<void> {
    const domain = await this.#session.domain(ref, call)
    if (request.mode === 'force') await switchOff(this.#session, domain, call)
    else await this.#shutDown(domain, request.timeoutMs, call)
  }

  async reset(ref: MachineRef, call: Call): Promise<void> {
    await resetDomain(this.#session, ref, call)
  }

  watchState(ref: MachineRef, call: Call): AsyncIterable<PowerState> {
    return watchState(this.#session, ref, call)
  }

  async inspect(ref: MachineRef, call: Call): Promise<MachineInfo> {
    const domain = await this.#session.findDomain(ref, call)
    return await infoOf(this.#session, ref, domain, call)
  }

  async #isActive(domain: Domain, call: Call): Promise<boolean> {
    return await this.#session.run('read the state', call, () => domain.isActive(signalOf(call)))
  }

  async openConsole(ref: MachineRef, request: ConsoleRequest, call: Call): Promise<ConsoleHandle> {
    const domain = await this.#session.domain(ref, call)
    const armed = new ArmedConsole(request, await this.#serialIndex(domain, request.port, call), this.host)
    if (await this.#isActive(domain, call)) {
      await armed.connect(this.#session, domain, call)
    } else {
      await this.#arm(ref, armed, request.force === true)
    }
    this.#openConsoles.add(armed)
    void armed.ended.then(() => this.#openConsoles.delete(armed))
    return armed
  }

  async #serialIndex(domain: Domain, port: ConsolePort, call: Call): Promise<SerialIndex> {
    if (port === 'firmware') return 0
    return serialIndexOf(port, (await this.#session.config(domain, call)).serialLogPaths.length)
  }

  /** Keeps a console for the start; one holder at a time, also before there is anything to hold. */
  async #arm(ref: MachineRef, armed: ArmedConsole, isForced: boolean): Promise<void> {
    const holders = this.#waiting(ref)
    const holder = holders.find(({ serial }) => serial === armed.serial)
    if (holder) {
      if (!isForced) throw portIsHeld(ref.name)
      await holder.giveUp()
    }
    this.#consoles.set(ref.id, [...holders.filter((other) => other !== holder), armed])
  }

  /** The consoles that wait for the start of a machine. */
  #waiting({ id }: MachineRef): readonly ArmedConsole[] {
    return (this.#consoles.get(id) ?? []).filter((console) => !console.isClosed)
  }

  readLog(ref: MachineRef, port: ConsolePort, call: Call): AsyncIterable<Uint8Array> {
    return readSerialLog(this.#session, ref, port, call)
  }

  followLog(ref: MachineRef, port: ConsolePort, from: LogStart, call: Call): AsyncIterable<Uint8Array> {
    return followSerialLog(this.#session, ref, port, from, call)
  }

  describeLog(): Promise<string> {
    return Promise.resolve(logLimit)
  }

  /** libvirt tells of changes while one listens and keeps none. */
  events(): Promise<readonly HostEvent[]> {
    return Promise.resolve([])
  }

  bootWatch(): BootWatch {
    return new Edk2BootWatch()
  }

  async endpoint(ref: MachineRef, call: Call): Promise<Endpoint | undefined> {
    const domain = await this.#session.findDomain(ref, call)
    if (!domain || !(await this.#isActive(domain, call))) return undefined
    try {
      return await this.#endpointOf(domain, call)
    } catch (error) {
      // A guest that switches itself off meanwhile is not to be reached, which is no failure.
      if (!(await this.#isActive(domain, call))) return undefined
      throw error
    }
  }

  async #endpointOf(domain: Domain, call: Call): Promise<Endpoint | undefined> {
    const config = await this.#session.config(domain, call)
    if (config.interfaces.some((entry) => entry.type === 'user')) {
      const forwards = await readForwards(this.#session, domain, call)
      const ssh = forwards.find((entry) => entry.guestPort === sshPort)
      return ssh && { address: '127.0.0.1', port: ssh.hostPort, ...this.#via() }
    }
    const leases = await this.#session.run('read the leases', call, () =>
      domain.interfaceAddresses('lease', signalOf(call)),
    )
    const address = leases.flatMap((entry) => entry.addresses).find((entry) => entry.family === 'ipv4')?.address
    return address === undefined ? undefined : { address, port: sshPort, ...this.#via() }
  }

  /** Loopback and libvirt's own networks are the host's: from another computer the way leads through it. */
  #via(): Pick<Endpoint, 'via'> {
    const { remote } = this.#session.choice
    return remote === undefined ? {} : { via: remote }
  }

  async viewer(ref: MachineRef): Promise<Viewer> {
    return await viewerOf(this.#session.choice, ref, this.#context)
  }

  async screenshot(ref: MachineRef, call: Call): Promise<Uint8Array> {
    const domain = await this.#session.domain(ref, call)
    const { mimeType, data } = await this.#session.run(`take a screenshot of ${ref.name}`, call, async () => {
      try {
        return await domain.screenshot(signalOf(call))
      } catch (error) {
        const isOff: boolean = isOperationInvalid(error)
        if (isOff) throw noScreen(ref, error)
        throw error
      }
    })
    if (mimeType !== 'image/png')
      throw new AzlVmError('not-supported', `this libvirt makes screenshots as ${mimeType}, and azl-vm reads PNG only`)
    return data
  }

  async updateMark(ref: MachineRef, change: Partial<Mark>, call: Call): Promise<void> {
    await changeMark(this.#session, await this.#session.domain(ref, call), (mark) => ({ ...mark, ...change }), call)
  }

  async snapshot(ref: MachineRef, request: SnapshotRequest, call: Call): Promise<SnapshotInfo> {
    return await takeSnapshot(this.#session, ref, request, call)
  }

  async listSnapshots(ref: MachineRef, call: Call): Promise<readonly SnapshotInfo[]> {
    return await listSnapshots(this.#session, ref, call)
  }

  async restore(ref: MachineRef, request: RestoreRequest, call: Call): Promise<RestoreResult> {
    return await restoreSnapshot(this.#session, ref, request, () => this.#takeConsoles(ref), call)
  }

  async deleteSnapshot(ref: MachineRef, name: string, call: Call): Promise<void> {
    await deleteSnapshot(this.#session, ref, name, call)
  }

  async clone(ref: MachineRef, request: CloneRequest, call: Call): Promise<void> {
    await cloneDomain(this.#session, ref, request, call)
  }

  async exportDisk(ref: MachineRef, request: ExportRequest, call: Call): Promise<void> {
    await exportDisk(this.#session, ref, request, call)
  }

  async dependents(ref: MachineRef, call: Call): Promise<readonly MachineRef[]> {
    const domain = await this.#session.findDomain(ref, call)
    const mark = domain && (await this.#session.config(domain, call)).mark
    return mark?.machineId === ref.id ? await dependentsOf(this.#session, mark, call) : []
  }

  async destroy(ref: MachineRef, call: Call): Promise<RemovalReport> {
    const report = await destroyDomain(this.#session, ref, call)
    for (const console of this.#consoles.get(ref.id) ?? []) await console.machineGone()
    this.#consoles.delete(ref.id)
    return report
  }

  async list(call: Call): Promise<readonly MachineInfo[]> {
    return await this.#infosWhere((config) => config.mark !== undefined, call)
  }

  async findByName(name: string, call: Call): Promise<readonly MachineInfo[]> {
    const wanted = name.toLowerCase()
    return await this.#infosWhere((config) => config.ref.name.toLowerCase() === wanted, call)
  }

  async leftovers(call: Call): Promise<readonly Leftover[]> {
    return await findLeftovers(this.#session, call)
  }

  async removeLeftover(leftover: Leftover, call: Call): Promise<boolean> {
    return await removeLeftover(this.#session, leftover, call)
  }

  async removeUnusedShared(call: Call): Promise<readonly string[]> {
    const pools = await removeUnusedPools(this.#session, call)
    return [...pools, ...(await removeUnusedHostOnly(this.#session, call))]
  }

  async close(): Promise<void> {
    // One whose line broke may refuse, and is as good as closed.
    await Promise.allSettled([...this.#openConsoles].map((console) => console.close()))
    await this.#session.close()
  }

  async #infosWhere(isWanted: (config: DomainConfig) => boolean, call: Call): Promise<readonly MachineInfo[]> {
    const configs = (await allDomains(this.#session, call)).filter(isWanted)
    return await Promise.all(configs.map((config) => this.inspect(config.ref, call)))
  }

  async #makeVolume(parameters: KvmParameters & { readonly kind: 'volume' }, call: Call): Promise<void> {
    const pool = await findPool(this.#session, parameters.pool, call)
    if (!pool) throw new AzlVmError('backend-failed', `the pool ${parameters.pool} is gone`)
    await ensureVolume(this.#session, pool, parameters.volume, parameters.sizeBytes, 'qcow2', call)
  }

  async #start(ref: MachineRef, isForwarding: boolean, call: Call): Promise<StartResult> {
    const consoles = this.#takeConsoles(ref)
    await startOwnNetworks(this.#session, ref, call)
    return await startDomain(this.#session, ref, { consoles, isForwarding }, call)
  }

  /** The consoles that wait for the machine to run. */
  #takeConsoles(ref: MachineRef): readonly ArmedConsole[] {
    const waiting = this.#waiting(ref)
    this.#consoles.delete(ref.id)
    return waiting
  }

  async #shutDown(domain: Domain, timeoutMs: number, call: Call): Promise<void> {
    await this.#session.run(`shut ${domain.name} down`, call, async (connection) => {
      let isOff: () => void = () => undefined
      const off = new Promise<void>((resolve) => {
        isOff = resolve
      })
      const stopListening = await connection.onDomainEvent(({ domain: who, event }) => {
        if (who.uuid === domain.uuid && (event === 'stopped' || event === 'crashed')) isOff()
      }, signalOf(call))
      try {
        if (!(await domain.isActive(signalOf(call)))) return
        await domain.shutdown({ ...signalOf(call), method: 'acpi' })
        await waitFor(off, {
          connection,
          signal: call.signal,
          action: `shut ${domain.name} down`,
          interrupted: 'interrupted while the guest shuts down; it may still do so',
          deadline: { ms: timeoutMs, late: () => didNotShutDown(domain.name, timeoutMs) },
        })
      } finally {
        await stopListening()
      }
    })
  }
}

function didNotShutDown(name: string, timeoutMs: number): never {
  throw new AzlVmError(
    'timed-out',
    `the guest of "${name}" did not shut down within ${String(timeoutMs / 1000)} s; the machine runs on`,
    {
      hint: 'A guest in its firmware or boot loader does not hear the request. `azl-vm stop --force` switches it off.',
    },
  )
}

/** The plan's parameters are written by {@link makePlan} only. */
function parametersOf(operation: Operation): KvmParameters {
  return operation.parameters as unknown as KvmParameters
}
