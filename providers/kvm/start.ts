/**
 * Starting a domain: paused, the console connected, resumed; with hardware virtualization where it really works.
 *
 * A host can offer KVM and still not run a guest with it: the start fails, or the machine is suspended in its
 * firmware before it wrote a byte (measured: 25 ms after the resume). So what decides is which comes first, the
 * first serial byte or the end; neither a device file nor a fixed wait.
 */
import type { Connection, Domain } from 'libvirt-ts'
import { AzlVmError, isAzlVmError, errorText } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { translateError } from './errors.ts'
import { changeMark } from './change-mark.ts'
import { ArmedConsole } from './console.ts'
import { serialLogBytes } from './serial-log.ts'
import { parseDomain, type DomainConfig } from './domain-config.ts'
import { withDomainType } from './domain-type.ts'
import type { DomainType } from './domain-xml.ts'
import { kvmMark } from './mark-metadata.ts'
import { addForwards } from './forwards.ts'
import { signalOf, type Session } from './session.ts'

/** What was found out about KVM on a host, kept per boot and version. */
interface AccelerationFact {
  readonly works: boolean
  readonly key: string
}

const factName = 'kvm-runs-guests'

export interface StartOptions {
  /** The consoles that wait for the machine. */
  readonly consoles: readonly ArmedConsole[]
  /** `apply` of the plan's start leaves the forwarding to the operation of that name. */
  readonly isForwarding: boolean
}

export async function startDomain(
  session: Session,
  ref: MachineRef,
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  const domain = await session.domain(ref, call)
  const config = await session.config(domain, call)
  const state = await session.run(`read the state of ${ref.name}`, call, () => domain.state(signalOf(call)))
  if (state.state === 'running' || state.state === 'blocked')
    return await running(session, domain, config, options, call)
  if (state.state === 'paused') {
    await session.run(`resume ${ref.name}`, call, () => domain.resume(signalOf(call)))
    return await running(session, domain, config, options, call)
  }
  const started = await startOff(session, ref, config, options, call)
  const outputs = options.isForwarding ? await forward(session, started.domain, config, call) : {}
  return { acceleration: started.acceleration, outputs: { acceleration: started.acceleration, ...outputs } }
}

async function running(
  session: Session,
  domain: Domain,
  config: DomainConfig,
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  for (const console of options.consoles) await console.connect(domain, call)
  const acceleration = config.acceleration ?? 'emulated'
  const outputs = options.isForwarding ? await forward(session, domain, config, call) : {}
  return { acceleration, outputs: { acceleration, ...outputs } }
}

async function forward(session: Session, domain: Domain, config: DomainConfig, call: Call) {
  return await addForwards(session, domain, config.mark ? kvmMark(config.mark).forwards : [], call)
}

interface Started {
  readonly domain: Domain
  readonly acceleration: 'hardware' | 'emulated'
}

async function startOff(
  session: Session,
  ref: MachineRef,
  config: DomainConfig,
  options: StartOptions,
  call: Call,
): Promise<Started> {
  const rule = config.mark ? kvmMark(config.mark).acceleration : 'auto'
  const [key] = await Promise.all([accelerationKey(session, call), noteLogBytes(session, ref, config, call)])
  const types = await typesToTry(session, rule, config, key)
  for (const [index, type] of types.entries()) {
    const isLast = index === types.length - 1
    const domain = await withType(session, ref, type, call)
    const failure = await attempt(session, domain, options, type === 'kvm', call)
    if (failure === undefined) {
      // Where KVM failed and emulation does not, KVM was the reason; where both fail, it was something else.
      if (type === 'kvm' || index > 0) await remember(session, { works: type === 'kvm', key })
      return { domain, acceleration: type === 'kvm' ? 'hardware' : 'emulated' }
    }
    await clearAway(domain, options.consoles)
    if (isLast || isAzlVmError(failure, 'cancelled')) throw lastFailure(failure, type, ref)
    call.warn(
      'kvm-does-not-run-guests',
      `KVM is offered by ${session.choice.uri}, but does not run the guest (${errorText(failure)}); going on with emulation, which is slow`,
      'Set `machine.acceleration: emulated` to say that this is wanted; `azl-vm doctor` says more.',
    )
  }
  throw new Error('there is always a type to try')
}

function lastFailure(failure: unknown, type: DomainType, ref: MachineRef): unknown {
  if (type !== 'kvm' || isAzlVmError(failure, 'cancelled', 'permission-denied', 'no-space', 'resource-busy'))
    return failure
  return new AzlVmError('host-not-ready', `KVM does not run the guest "${ref.name}": ${errorText(failure)}`, {
    cause: failure,
    hint: 'Use `acceleration: auto` or `emulated`, or a host whose virtualization works.',
  })
}

/** So that what this boot says can be told from what earlier ones said. */
async function noteLogBytes(session: Session, ref: MachineRef, config: DomainConfig, call: Call): Promise<void> {
  const { mark } = config
  if (!mark) return
  const logBytesAtStart = await serialLogBytes(session, ref, call)
  if (logBytesAtStart === kvmMark(mark).logBytesAtStart) return
  await changeMark(session, await session.domain(ref, call), { provider: { ...mark.provider, logBytesAtStart } }, call)
}

/** KVM first where it is offered and was not seen failing since this host and its software were started. */
async function typesToTry(
  session: Session,
  rule: 'auto' | 'hardware' | 'emulated',
  config: DomainConfig,
  key: string,
): Promise<readonly DomainType[]> {
  if (rule === 'emulated') return ['qemu']
  if (rule === 'hardware') return ['kvm']
  const fact = await session.context.hostFacts.get(factName)
  if (isAccelerationFact(fact) && fact.key === key) return fact.works ? ['kvm', 'qemu'] : ['qemu']
  // A machine that was planned with emulation under `auto` is on a host that offers no KVM.
  return config.domainType === 'kvm' ? ['kvm', 'qemu'] : ['qemu']
}

/** Changes when the computer, libvirt or QEMU does; then KVM is tried again. */
async function accelerationKey(session: Session, call: Call): Promise<string> {
  return await session.run('ask for versions', call, async (connection) => {
    const [libvirt, qemu, host] = await Promise.all([
      connection.libraryVersion(signalOf(call)),
      connection.hypervisorVersion(signalOf(call)),
      connection.hostname(signalOf(call)),
    ])
    return [host, session.context.bootId, libvirt, qemu].join(' ')
  })
}

async function remember(session: Session, fact: AccelerationFact): Promise<void> {
  await session.context.hostFacts.set(factName, fact)
}

function isAccelerationFact(value: unknown): value is AccelerationFact {
  return (
    typeof value === 'object' &&
    value !== null &&
    'works' in value &&
    typeof value.works === 'boolean' &&
    'key' in value
  )
}

/** The same machine, same UUID and mark, defined with the other way to run its processor. */
async function withType(session: Session, ref: MachineRef, type: DomainType, call: Call): Promise<Domain> {
  const domain = await session.domain(ref, call)
  return await session.run(`define ${ref.name} as ${type}`, call, async (connection) => {
    const xml = await domain.xml({ ...signalOf(call), inactive: true, secure: true })
    const config = parseDomain(xml)
    if (config.domainType === type) return domain
    return await connection.defineDomain(withDomainType(xml, type, config.isNested), signalOf(call))
  })
}

/** Undefined where the machine runs; else why it does not. `isProving`: wait until a byte shows that it really does. */
async function attempt(
  session: Session,
  domain: Domain,
  options: StartOptions,
  isProving: boolean,
  call: Call,
): Promise<unknown> {
  // Somebody has to hear the first byte: where nobody listens, we do until it came.
  const witness =
    options.consoles[0] ??
    (isProving ? new ArmedConsole({ port: 'system', onData: () => undefined }, session.choice.uri) : undefined)
  const consoles = witness && !options.consoles.includes(witness) ? [witness] : options.consoles
  try {
    const connection = await session.connection(call)
    const decision = isProving && witness ? await listenForEnd(connection, domain, witness, call) : undefined
    try {
      await domain.create({ ...signalOf(call), paused: true })
      for (const console of consoles) await console.connect(domain, call)
      await domain.resume(signalOf(call))
      const end = await decision?.first
      if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted: start ${domain.name}`)
      return end === undefined ? undefined : new AzlVmError('backend-failed', end)
    } finally {
      await decision?.stop()
    }
  } catch (error) {
    return translateError(error, `start ${domain.name}`, session.choice.uri)
  } finally {
    if (witness && !options.consoles.includes(witness)) await witness.close()
  }
}

interface Decision {
  /** Undefined: the first byte came. A text: how the machine ended before it. */
  readonly first: Promise<string | undefined>
  stop(): Promise<void>
}

/** From before the start on, so that nothing is missed: the first serial byte against suspension, stop or crash. */
async function listenForEnd(
  connection: Connection,
  domain: Domain,
  witness: ArmedConsole,
  call: Call,
): Promise<Decision> {
  let isResumed = false
  let decide: (end: string | undefined) => void = () => undefined
  const first = new Promise<string | undefined>((resolve) => {
    decide = resolve
  })
  void witness.firstByte().then(() => {
    decide(undefined)
  })
  const stop = await connection.onDomainEvent(({ domain: who, event, detail }) => {
    if (who.uuid !== domain.uuid) return
    // A paused start tells of a suspension of its own, before the resume.
    if (event === 'resumed') isResumed = true
    if (event === 'stopped' || event === 'crashed')
      decide(`it ended in its firmware before its first serial byte (${event}, ${String(detail)})`)
    if (event === 'suspended' && isResumed)
      decide(`it was suspended in its firmware before its first serial byte (${String(detail)})`)
  }, signalOf(call))
  call.signal.addEventListener(
    'abort',
    () => {
      decide('interrupted')
    },
    { once: true },
  )
  return { first, stop }
}

/** Takes a machine that does not run out of the way; the consoles stay for the next attempt. */
async function clearAway(domain: Domain, consoles: readonly ArmedConsole[]): Promise<void> {
  for (const console of consoles) await console.disconnect()
  // A start that failed left nothing to destroy, and says so.
  await domain.destroy().catch(() => undefined)
}
