/**
 * `up`: makes it so. A machine that is not there is created and booted; one that is off is started; one that
 * runs is left alone; a configuration is never changed.
 */
import type { ProbeReport } from 'boot-probe'
import { AzlVmError, errorText, isAzlVmError } from '../errors.ts'
import type { BootOutcome, Provider, RemovalReport } from '../provider/contract.ts'
import type { Endpoint, MachineInfo, MachineRequest } from '../provider/machine.ts'
import type { Plan } from '../provider/plan.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { thenRemoved } from './aftermath.ts'
import { bootMachine } from './boot-machine.ts'
import { createMachine } from './create-machine.ts'
import { destroyLocked } from './destroy.ts'
import { choiceText } from './choice.ts'
import { callFor, type Environment } from './environment.ts'
import { requireSameConfiguration } from './compare-configuration.ts'
import { mintedIn, readJournal, type Minted } from './journal.ts'
import { withMachineLock } from './machine-lock.ts'
import { mediumAndHost } from './medium-and-host.ts'
import type { PreparedMedium } from './medium.ts'
import { mint, requestFrom } from './minting.ts'
import { collectableReason, isOurs, notOursBecause } from './ownership.ts'
import { reportDiagnostics } from './plan-diagnostics.ts'
import { openRun, type Run } from './run.ts'
import { asCancelled, emitAfterFailure } from './runner.ts'
import { recordOf, type UpContext, type UpRequest } from './up-context.ts'

export interface UpResult {
  /** `created`, `continued` (from an interrupted run), `started` (was off), `unchanged` (was there and not off; `machine.state` says how). */
  readonly action: 'created' | 'continued' | 'started' | 'unchanged'
  readonly runId: string
  readonly provider: string
  readonly host: string
  readonly machine: MachineInfo
  readonly bootOutcome: BootOutcome | undefined
  readonly probe: ProbeReport | undefined
  readonly acceleration: 'hardware' | 'emulated' | undefined
  readonly endpoint: Endpoint | undefined
  readonly medium: PreparedMedium
  readonly removed: RemovalReport | undefined
  readonly elapsedMs: number
  readonly evidenceDir: string
}

/** Runs `up`. Rejects with what went wrong; by then nothing is left, or the error says what is kept. */
export async function up(environment: Environment, request: UpRequest): Promise<UpResult> {
  const startedMs = environment.now().getTime()
  const run = openRun(environment, request.listener)
  const { spec } = request.loaded
  run.bus.emit({ type: 'run-started', verb: 'up', machine: spec.name, provider: spec.provider, host: spec.host })
  try {
    const { medium, provider, facts } = await prepare(environment, request, run)
    const result = await upOn({ environment, request, run, provider, facts, medium }).finally(() =>
      close(provider, run),
    )
    run.bus.emit({ type: 'run-finished', outcome: 'ok' })
    const report = { ...result, elapsedMs: environment.now().getTime() - startedMs }
    await writeFileAtomic(run.paths.report, `${JSON.stringify({ v: 1, ...report }, null, 2)}\n`)
    return report
  } catch (thrown) {
    const error = asCancelled(thrown, request.signal)
    const outcome = request.signal.aborted ? 'cancelled' : 'failed'
    emitAfterFailure(run.bus, { type: 'run-finished', outcome, message: errorText(error) })
    throw error
  } finally {
    run.close()
  }
}

/** What was done is done, and a failure of the run has its own words: that the provider does not close is told beside them. */
async function close(provider: Provider, { bus }: Run): Promise<void> {
  await provider.close().catch((error: unknown) => {
    emitAfterFailure(bus, { type: 'warning', code: 'provider-close', message: errorText(error) })
  })
}

function requirePromise(found: PreparedMedium, request: UpRequest): void {
  if (!request.isLocked || found.trust !== 'unverified') return
  throw new AzlVmError(
    'medium-unverified',
    `nobody promised what ${found.medium.path} holds, and --locked takes no such medium`,
    {
      hint: `Where you trust it, write the promise into the spec: checksum: sha256:${found.medium.sha256}`,
    },
  )
}

async function prepare(
  environment: Environment,
  request: UpRequest,
  { bus }: Run,
): Promise<Pick<UpContext, 'medium' | 'provider' | 'facts'>> {
  const { loaded, signal } = request
  const { medium, chosen } = await mediumAndHost({
    environment,
    loaded,
    whenUnready: 'refuse',
    bus,
    signal,
    accept: (found) => {
      requirePromise(found, request)
    },
  })
  const { provider, facts, passedOver } = chosen
  if (passedOver.length > 0) bus.emit({ type: 'note', message: choiceText(chosen) })
  return { medium, provider, facts }
}

async function upOn(parts: Omit<UpContext, 'journal'>): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, provider } = parts
  const { name } = request.loaded.spec
  const { signal, lockWaitMs } = request
  const lock = { environment, provider, name, verb: 'up', signal, lockWaitMs, openJournal: request.openJournal }
  return await withMachineLock(lock, async (journal) => {
    return await converge({ ...parts, journal }, environment.machines.paths(provider.name, provider.host, name).journal)
  })
}

async function converge(context: UpContext, journalFile: string): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, provider, run } = context
  const { name } = request.loaded.spec
  const existing = await provider.findByName(name, callFor(run.bus, request.signal))
  const ours = existing.find((info) => isOurs(info, environment))
  const other = existing.find((info) => info !== ours)
  if (other) throw nameTaken(other, provider)
  const minted = mintedIn(await readJournal(journalFile))
  if (!ours) return await createNewOrGoOn(context, minted)
  if (ours.mark.phase === 'creating' || ours.mark.phase === 'destroying') return await goOn(context, ours, minted)
  if (ours.mark.phase === 'failed') throw await failedBefore(context, ours)
  return await again(context, ours, minted?.minted)
}

async function createNew(context: UpContext): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, run, medium } = context
  const minted = mint(environment, request.loaded, run.id, medium.medium)
  return await make(context, minted, 'created')
}

/** What an interrupted run had asked for, the hypervisor may have finished only after nothing was there to be seen. */
async function createNewOrGoOn(
  context: UpContext,
  known: ReturnType<typeof mintedIn>,
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, provider, run } = context
  try {
    return await createNew(context)
  } catch (error) {
    if (!isAzlVmError(error, 'machine-exists')) throw error
    const there = await provider.findByName(request.loaded.spec.name, callFor(run.bus, request.signal))
    const late = there.find((info) => isOurs(info, environment))
    if (late?.mark.phase !== 'creating') throw error
    return await goOn(context, late, known)
  }
}

async function make(
  context: UpContext,
  minted: Minted,
  action: 'created' | 'continued',
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const machineRequest = requestOf(context, minted)
  const plan = planOf(context, machineRequest)
  await writeFileAtomic(context.run.paths.plan, `${JSON.stringify(plan, null, 2)}\n`)
  context.journal.append({
    entry: 'begin',
    verb: 'up',
    specDigest: context.request.loaded.digest,
    minted,
    pid: context.environment.processes.self.pid,
  })
  return await thenRemoved(context, machineRequest.ref, async () => {
    await createMachine(context, machineRequest, plan)
    return await boot(context, machineRequest, plan, action)
  })
}

/** Our own half-made machine: gone on with where the journal knows the same spec, else removed and begun anew. */
async function goOn(
  context: UpContext,
  ours: MachineInfo,
  known: ReturnType<typeof mintedIn>,
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, run, provider } = context
  const { mark } = ours
  if (mark && environment.processes.isAlive(mark.creator) && mark.creator.pid !== environment.processes.self.pid) {
    throw new AzlVmError(
      'resource-busy',
      `the machine "${ours.ref.name}" is being worked on by pid ${String(mark.creator.pid)}`,
      {
        hint: 'Wait for it, or run the same command with --wait.',
      },
    )
  }
  const isSame = known?.minted.ref.id === ours.ref.id && known.specDigest === request.loaded.digest
  if (known && isSame && mark?.phase === 'creating') {
    run.bus.emit({ type: 'note', message: `going on with "${ours.ref.name}", which an interrupted run left half made` })
    await provider.updateMark(ours.ref, { creator: environment.processes.self }, callFor(run.bus, request.signal))
    return await make(context, known.minted, 'continued')
  }
  run.bus.emit({
    type: 'note',
    message: `removing "${ours.ref.name}", which an interrupted run left half made, and beginning anew`,
  })
  await destroyLocked({
    environment,
    provider,
    info: ours,
    journal: context.journal,
    bus: run.bus,
    signal: request.signal,
  })
  return await createNew(context)
}

/** A machine that is finished: compared, and started where it is off. */
async function again(
  context: UpContext,
  ours: MachineInfo,
  known: Minted | undefined,
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { request, run, medium, environment } = context
  const minted: Minted = {
    ref: ours.ref,
    runId: ours.mark?.runId ?? run.id,
    macs: request.loaded.spec.machine.networks.map((network, index) =>
      network.mac === 'auto' ? (known?.macs[index] ?? ours.networks[index]?.mac ?? '') : network.mac,
    ),
    created: ours.mark?.created ?? '',
    installer: medium.medium,
  }
  const machineRequest = requestOf(context, minted)
  const plan = planOf(context, machineRequest)
  await requireSameConfiguration(context, machineRequest, plan, ours)
  switch (ours.state) {
    case 'absent':
      // It went between the look and now.
      return await createNew(context)
    case 'off':
    case 'crashed':
      if (ours.installer === undefined)
        run.bus.emit({
          type: 'note',
          message: `the installer of "${ours.ref.name}" was ejected and stays so: the disk is booted`,
        })
      context.journal.append({ entry: 'begin', verb: 'up', pid: environment.processes.self.pid })
      return await thenRemoved(context, ours.ref, () => boot(context, machineRequest, plan, 'started'))
    case 'saved':
      context.journal.append({ entry: 'begin', verb: 'up', pid: environment.processes.self.pid })
      return await thenRemoved(context, ours.ref, () => wake(context, machineRequest))
    case 'starting':
    case 'running':
    case 'paused':
    case 'stopping':
    case 'unknown':
      return ours.mark?.phase === 'booting' && !isBeingBooted(context, ours)
        ? await thenRemoved(context, ours.ref, () => bootResumed(context, machineRequest))
        : await unchanged(context, ours)
  }
}

/** A saved guest goes on where it was: there is no firmware to hear. */
async function wake(context: UpContext, machineRequest: MachineRequest): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { provider, run, request } = context
  const { ref } = machineRequest
  const { acceleration } = await run.bus.step('start', `start ${ref.name} where it was saved`, () =>
    provider.start(ref, callFor(run.bus, request.signal)),
  )
  return await finish(context, machineRequest, {
    action: 'started',
    bootOutcome: undefined,
    probe: undefined,
    acceleration,
  })
}

async function unchanged(context: UpContext, ours: MachineInfo): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { provider, run, request } = context
  return {
    ...summary(context),
    action: 'unchanged',
    machine: ours,
    bootOutcome: undefined,
    probe: undefined,
    acceleration: ours.acceleration,
    endpoint: await provider.endpoint(ours.ref, callFor(run.bus, request.signal)),
    removed: undefined,
  }
}

function isBeingBooted(context: UpContext, info: MachineInfo): boolean {
  return info.mark !== undefined && collectableReason(info.mark, context.environment) === undefined
}

async function boot(
  context: UpContext,
  machineRequest: MachineRequest,
  plan: Plan,
  action: 'created' | 'continued' | 'started',
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const booted = await bootMachine(context, machineRequest, plan, action === 'created')
  return await finish(context, machineRequest, { action, ...booted })
}

/** The machine runs and its `up` died while it booted: what it has said so far is read, then what comes. */
async function bootResumed(context: UpContext, machineRequest: MachineRequest): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { provider, run, request, environment } = context
  run.bus.emit({
    type: 'note',
    message: `"${machineRequest.ref.name}" is running; listening to the boot that an interrupted run began`,
  })
  await provider.updateMark(
    machineRequest.ref,
    { creator: environment.processes.self },
    callFor(run.bus, request.signal),
  )
  const booted = await bootMachine(context, machineRequest, undefined)
  return await finish(context, machineRequest, { action: 'continued', ...booted })
}

type Booted = Pick<UpResult, 'action' | 'bootOutcome' | 'probe' | 'acceleration'>

async function finish(
  context: UpContext,
  machineRequest: MachineRequest,
  booted: Booted,
): Promise<Omit<UpResult, 'elapsedMs'>> {
  const { environment, request, run, provider, journal } = context
  const call = callFor(run.bus, request.signal)
  await provider.updateMark(machineRequest.ref, { phase: 'ready' }, call)
  const record = { ...recordOf(context, machineRequest, 'ready'), bootOutcome: booted.bootOutcome }
  const [machine, endpoint] = await Promise.all([
    provider.inspect(machineRequest.ref, call),
    provider.endpoint(machineRequest.ref, call),
  ])
  // Not beside the two: where one of them fails, a removal follows, and the record must not come after it.
  await environment.machines.write(record)
  journal.append({ entry: 'end', outcome: booted.action })
  return { ...summary(context), machine, endpoint, removed: undefined, ...booted }
}

function summary(context: UpContext): Pick<UpResult, 'runId' | 'provider' | 'host' | 'medium' | 'evidenceDir'> {
  const { run, provider, medium } = context
  return { runId: run.id, provider: provider.name, host: provider.host, medium, evidenceDir: run.paths.dir }
}

function requestOf(context: UpContext, minted: Minted): MachineRequest {
  const { environment, request, provider } = context
  const { loaded, isHostNetworkAllowed = false } = request
  return { ...requestFrom(environment, loaded, minted, provider.name, loaded.spec.arch), isHostNetworkAllowed }
}

function planOf(context: UpContext, machineRequest: MachineRequest): Plan {
  const plan = context.provider.plan(machineRequest, context.facts)
  reportDiagnostics(context.request.loaded, plan, (message, hint) => {
    context.run.bus.emit({ type: 'warning', code: 'plan', message, ...(hint === undefined ? {} : { hint }) })
  })
  return plan
}

function nameTaken(info: MachineInfo, provider: Provider): AzlVmError {
  return new AzlVmError(
    'machine-exists',
    `there is already a machine "${info.ref.name}" on ${provider.host}, and it ${notOursBecause(info)}`,
    {
      hint: 'Choose another name in the spec. azl-vm never touches a machine that is not its own.',
    },
  )
}

async function failedBefore(context: UpContext, ours: MachineInfo): Promise<AzlVmError> {
  const { environment, provider } = context
  const record = await environment.machines
    .read(provider.name, provider.host, ours.ref.name)
    .catch((error: unknown) => {
      if (isAzlVmError(error)) return undefined
      throw error
    })
  const because = record?.failure === undefined ? '' : `: ${record.failure.message}`
  return new AzlVmError('machine-failed', `the machine "${ours.ref.name}" is there and its last run failed${because}`, {
    hint: `\`azl-vm start ${ours.ref.name}\` boots it again as it is; \`azl-vm destroy ${ours.ref.name}\` removes it, then \`azl-vm up\` makes it anew.`,
  })
}
