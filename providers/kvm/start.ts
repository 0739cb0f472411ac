/**
 * Starting a domain: paused, the console connected, resumed; with hardware virtualization where it really works.
 *
 * A host can offer KVM and still not run a guest with it: the start fails, or the machine is suspended in its
 * firmware before it wrote a byte (measured: 25 ms after the resume). So what decides is which comes first, the
 * first serial byte or the end; neither a device file nor a fixed wait.
 */
import type { Domain, DomainState } from 'libvirt-ts'
import { AzlVmError, errorText } from '../../src/errors.ts'
import type { Call, StartResult } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { accelerationKey, rememberAcceleration, typesToTry } from './acceleration.ts'
import { attempt } from './attempt.ts'
import type { DomainType } from './boards.ts'
import { changeMark } from './change-mark.ts'
import type { ArmedConsole } from './console.ts'
import { serialLogState } from './serial-log.ts'
import { architectureOf, type DomainConfig } from './domain-config.ts'
import { withDomainType } from './domain-type.ts'
import { kvmMark, withOwn, type LogState } from './mark-metadata.ts'
import { addForwards } from './forwards.ts'
import { switchOff } from './removal.ts'
import { afterFailure, signalOf, type Session } from './session.ts'

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
  const { state } = await readState(session, domain, call)
  switch (state) {
    case 'running':
    case 'blocked':
      return await running(session, domain, config, options, call)
    case 'paused':
      await session.run(`resume ${ref.name}`, call, () => domain.resume(signalOf(call)))
      return await running(session, domain, config, options, call)
    case 'shut-off':
      return await startOff(session, ref, config, options, call)
    case 'shutdown':
      throw busy(ref, 'is shutting down', 'Start it again when it is off; `azl-vm stop --force` switches it off now.')
    case 'pm-suspended':
      throw busy(ref, 'was put to sleep by its guest', 'Wake it with `virsh dompmwakeup`, or `azl-vm stop --force`.')
    case 'crashed':
      throw busy(ref, 'has crashed and is kept as it is', '`azl-vm stop --force` switches it off.')
    default:
      throw busy(ref, `is in the state ${String(state)} of libvirt`, '`azl-vm stop --force` switches it off.')
  }
}

async function readState(session: Session, domain: Domain, call: Call): Promise<DomainState> {
  return await session.run(`read the state of ${domain.name}`, call, () => domain.state(signalOf(call)))
}

function busy(ref: MachineRef, why: string, hint: string, cause?: unknown): AzlVmError {
  const details = cause === undefined ? { hint } : { hint, cause }
  return new AzlVmError('resource-busy', `the machine "${ref.name}" ${why}: it cannot be started`, details)
}

async function running(
  session: Session,
  domain: Domain,
  config: DomainConfig,
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  for (const console of options.consoles) await console.connect(session, domain, call)
  return await resultOf(session, domain, config, config.acceleration ?? 'emulated', options, call)
}

async function resultOf(
  session: Session,
  domain: Domain,
  config: DomainConfig,
  acceleration: 'hardware' | 'emulated',
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  const rules = config.mark && options.isForwarding ? kvmMark(config.mark).forwards : []
  return { acceleration, outputs: { acceleration, ...(await addForwards(session, domain, rules, call)) } }
}

async function startOff(
  session: Session,
  ref: MachineRef,
  config: DomainConfig,
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  const mark = config.mark && kvmMark(config.mark)
  if (mark?.unreadMemory !== undefined) await forgoMemory(session, ref, mark.unreadMemory, call)
  const firstType = mark?.firstType ?? typeOf(config)
  const [key] = await Promise.all([accelerationKey(session, call), noteLogState(session, ref, config, call)])
  const types = await typesToTry(session, mark?.acceleration ?? 'auto', firstType, key)
  for (const [index, type] of types.entries()) {
    const domain = await withType(session, ref, type, call)
    const tried = await attempt(session, domain, options.consoles, type === 'kvm', call)
    if (tried.is === 'taken') return await startedByOthers(session, ref, tried.error, options, call)
    if (tried.is === 'running') {
      // Where KVM failed and emulation does not, KVM was the reason; where both fail, it was something else.
      const isProven = type === 'kvm' ? tried.hasSpoken : index > 0
      if (isProven) await rememberAcceleration(session, type === 'kvm', key)
      if (type === 'kvm' && !tried.hasSpoken) warnOfSilence(ref, call)
      try {
        return await resultOf(session, domain, config, type === 'kvm' ? 'hardware' : 'emulated', options, call)
      } catch (error) {
        // A machine that lacks a port that its spec promises is no started machine: it is off again, as it was.
        await switchOffAgain(session, domain, call)
        throw error
      }
    }
    if (index === types.length - 1 || !tried.isOfAcceleration) {
      await restoreType(session, ref, firstType, call)
      throw type === 'kvm' && tried.isOfAcceleration ? kvmDoesNotRun(ref, tried.error) : tried.error
    }
    call.warn(
      'kvm-does-not-run-guests',
      `KVM is offered by ${session.choice.uri}, but does not run the guest (${errorText(tried.error)}); going on with emulation, which is slow`,
      'Set `machine.acceleration: emulated` to say that this is wanted; `azl-vm doctor` says more.',
    )
  }
  throw new Error('there is always a type to try')
}

/** A restore was cut off between the disks and the memory: the machine begins from the disks, and that is said once. */
async function forgoMemory(session: Session, ref: MachineRef, snapshot: string, call: Call): Promise<void> {
  call.warn(
    'memory-not-restored',
    `"${ref.name}" begins from the disks of the snapshot "${snapshot}", as after a power cut: its restore did not get to the memory`,
    `\`azl-vm snapshot restore ${ref.name} ${snapshot}\` brings it back with its memory.`,
  )
  const domain = await session.domain(ref, call)
  await changeMark(session, domain, (mark) => withOwn(mark, () => ({ unreadMemory: undefined })), call)
}

function typeOf(config: DomainConfig): DomainType {
  return config.domainType === 'kvm' ? 'kvm' : 'qemu'
}

/** libvirt refused the start because the machine is not off any more. */
async function startedByOthers(
  session: Session,
  ref: MachineRef,
  cause: unknown,
  options: StartOptions,
  call: Call,
): Promise<StartResult> {
  const domain = await session.domain(ref, call)
  const { state } = await readState(session, domain, call)
  if (state === 'running' || state === 'blocked')
    return await running(session, domain, await session.config(domain, call), options, call)
  throw busy(
    ref,
    'is being started or stopped by somebody else',
    'Look at it with `azl-vm list`, and try again.',
    cause,
  )
}

function warnOfSilence(ref: MachineRef, call: Call): void {
  call.warn(
    'no-serial-byte',
    `"${ref.name}" runs with KVM and has said nothing on its serial port yet`,
    'If it stays silent, KVM may not run it: try `machine.acceleration: emulated`.',
  )
}

function kvmDoesNotRun(ref: MachineRef, cause: unknown): AzlVmError {
  return new AzlVmError('host-not-ready', `KVM does not run the guest "${ref.name}": ${errorText(cause)}`, {
    cause,
    hint: 'Use `acceleration: auto` or `emulated`, or a host whose virtualization works.',
  })
}

/** So that what this boot says can be told from what earlier ones said. */
export async function noteLogState(session: Session, ref: MachineRef, config: DomainConfig, call: Call): Promise<void> {
  const { mark } = config
  if (!mark) return
  const noted = kvmMark(mark)
  const firmware = await serialLogState(session, ref, 'firmware', call)
  const system = config.hasSystemPort ? await serialLogState(session, ref, 'system', call) : undefined
  if (isSameLogState(noted, firmware) && isSameLogState(noted.systemLogAtStart, system)) return
  const now = { ...firmware, ...(system && { systemLogAtStart: system }) }
  await changeMark(session, await session.domain(ref, call), (fresh) => withOwn(fresh, () => now), call)
}

function isSameLogState(a: LogState | undefined, b: LogState | undefined): boolean {
  return a?.logBytesAtStart === b?.logBytesAtStart && a?.rotationAtStart === b?.rotationAtStart
}

/** The same machine, same UUID and mark, defined with the other way to run its processor. */
async function withType(session: Session, ref: MachineRef, type: DomainType, call: Call): Promise<Domain> {
  const domain = await session.domain(ref, call)
  return await session.run(`define ${ref.name} as ${type}`, call, async (connection) => {
    const xml = await domain.xml({ ...signalOf(call), inactive: true, secure: true })
    const config = session.parse(xml)
    if (config.domainType === type) return domain
    // An emulated processor does not tell any more whether it was to nest.
    const isNested = (config.mark && kvmMark(config.mark).isNested) ?? config.isNested
    return await connection.defineDomain(withDomainType(xml, type, architectureOf(config), isNested), signalOf(call))
  })
}

async function switchOffAgain(session: Session, domain: Domain, call: Call): Promise<void> {
  try {
    await switchOff(session, domain, afterFailure(call))
  } catch (error) {
    // Why the start failed is what counts.
    call.debug(`cannot switch ${domain.name} off again`, error)
  }
}

/** After a start that failed the machine is as it was planned; also where the start was interrupted. */
async function restoreType(session: Session, ref: MachineRef, type: DomainType, call: Call): Promise<void> {
  try {
    await withType(session, ref, type, afterFailure(call))
  } catch (error) {
    // The start's own failure is what counts, and the next start defines the type that it needs anyway.
    call.debug(`cannot define ${ref.name} as ${type} again`, error)
  }
}
