/**
 * `doctor --boot`: what a host really gives its guests. The boot probe is booted by the same pipeline as `up`, once as
 * usual and once with Secure Boot on, where the firmware must refuse it because it is not signed. Each machine is
 * removed whatever happens; after kill -9 `gc` finds it by its mark.
 */
import { randomBytes } from 'node:crypto'
import type { ProbeReport } from 'boot-probe'
import type { ZodType } from 'zod'
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { EventListener } from '../events/events.ts'
import { BootRefusedError } from '../pipeline/boot.ts'
import type { Environment } from '../pipeline/environment.ts'
import { up, type UpResult } from '../pipeline/up.ts'
import { guestCapabilities } from '../provider/capabilities.ts'
import type { Facts } from '../provider/contract.ts'
import type { Difference } from '../provider/machine.ts'
import { specFromText } from '../spec/load.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import type { Architecture, SpecMachine } from '../spec/schema.ts'
import { BootTimes, type BootTimesMs } from './boot-times.ts'
import { differencesSeen } from './differences-seen.ts'

export interface BootProofRequest {
  readonly environment: Environment
  /** Provider name to the zod type of its own key, for the spec. */
  readonly specProviders: Readonly<Record<string, ZodType>>
  /** Of a host that is ready. */
  readonly facts: Facts
  /** `local`, or what the spec's `host` takes. */
  readonly host: string
  readonly architecture: Architecture
  readonly bus: EventBus
  readonly listener: EventListener
  readonly signal: AbortSignal
}

interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly evidence: readonly string[]
}

/** The boot as usual: what was asked for, what the guest saw, and where the two differ. */
export interface UsualBoot {
  readonly machine: string
  readonly asked: SpecMachine
  /** The hardware addresses that the network cards were given. */
  readonly macs: readonly string[]
  readonly acceleration: UpResult['acceleration']
  readonly times: BootTimesMs
  readonly probe: ProbeReport | undefined
  readonly differences: readonly Difference[]
  readonly failure: Failure | undefined
  readonly evidenceDir: string | undefined
}

/** `enforced`: the unsigned probe was refused. `not-offered`: the host's own words say why. */
export interface SecureBootProof {
  readonly is: 'enforced' | 'not-enforced' | 'not-offered' | 'failed'
  readonly times: BootTimesMs | undefined
  readonly failure: Failure | undefined
}

export interface BootProof {
  readonly provider: string
  readonly host: string
  readonly architecture: Architecture
  /** The host gives what is asked of it, and enforces Secure Boot where it offers it. */
  readonly isProven: boolean
  readonly usual: UsualBoot
  readonly secureBoot: SecureBootProof
}

/** Boots the probe twice at most, one machine after the other. Rejects where it is interrupted; then nothing is left. */
export async function proveBoot(request: BootProofRequest): Promise<BootProof> {
  const { facts, architecture, bus } = request
  const name = `azl-vm-doctor-${randomBytes(4).toString('hex')}`
  const on = `${architecture} on ${facts.provider} at ${facts.host}`
  bus.emit({ type: 'note', message: `booting the probe: ${on}` })
  const usual = await bootAsUsual(request, name)
  const secureBoot = await bootSecurely(request, `${name}-secure`, usual, on)
  const isProven =
    !usual.failure && usual.differences.length === 0 && ['enforced', 'not-offered'].includes(secureBoot.is)
  return { provider: facts.provider, host: facts.host, architecture, isProven, usual, secureBoot }
}

async function bootAsUsual(request: BootProofRequest, name: string): Promise<UsualBoot> {
  const { tpm } = guestCapabilities(request.facts.capabilities, request.architecture)
  const loaded = specOf(request, name, { secureBoot: false, tpm })
  const asked = loaded.spec.machine
  const times = new BootTimes()
  try {
    const result = await bootAndRemove(request, loaded, times)
    const macs = result.machine.networks.map((network) => network.mac)
    return {
      machine: name,
      asked,
      macs,
      acceleration: result.acceleration,
      times: times.result,
      probe: result.probe,
      differences: result.probe ? differencesSeen(asked, macs, result.probe) : [],
      failure: undefined,
      evidenceDir: result.evidenceDir,
    }
  } catch (error) {
    const failure = failureOf(error, request.signal)
    return {
      machine: name,
      asked,
      macs: [],
      acceleration: undefined,
      times: times.result,
      probe: undefined,
      differences: [],
      failure,
      evidenceDir: undefined,
    }
  }
}

async function bootSecurely(
  request: BootProofRequest,
  name: string,
  usual: UsualBoot,
  on: string,
): Promise<SecureBootProof> {
  if (!guestCapabilities(request.facts.capabilities, request.architecture).secureBoot)
    return { is: 'not-offered', times: undefined, failure: undefined }
  // Where nothing boots, a refusal would prove nothing.
  if (usual.failure) return { is: 'failed', times: undefined, failure: usual.failure }
  request.bus.emit({ type: 'note', message: `booting the probe with Secure Boot, which must refuse it: ${on}` })
  const loaded = specOf(request, name, { secureBoot: true, tpm: false })
  const times = new BootTimes()
  try {
    await bootAndRemove({ ...request, listener: awaitingRefusal(request.listener) }, loaded, times)
    return { is: 'not-enforced', times: times.result, failure: undefined }
  } catch (error) {
    if (error instanceof BootRefusedError && error.why === 'secure-boot')
      return { is: 'enforced', times: times.result, failure: undefined }
    const failure = failureOf(error, request.signal)
    const is = isAzlVmError(error, 'not-supported', 'host-not-ready') ? 'not-offered' : 'failed'
    return { is, times: times.result, failure }
  }
}

/** To `up` a refusal is a failure; here it is what is waited for. */
function awaitingRefusal(listener: EventListener): EventListener {
  return (event) => {
    const isBoot = (event.type === 'step-started' || event.type === 'step-finished') && event.id === 'boot'
    if (!isBoot) listener(event)
    else if (event.type === 'step-started') listener({ ...event, text: awaited })
    else listener({ ...event, text: awaited, outcome: 'done' })
  }
}

const awaited = 'wait until the firmware refuses the probe, or starts it'

/** A small machine: what is proven does not grow with it. */
const machineSize = { cpus: 2, memory: '512MiB', disks: [{ size: '1GiB' }, { size: '64MiB' }] }

function specOf(
  request: BootProofRequest,
  name: string,
  firmware: { readonly secureBoot: boolean; readonly tpm: boolean },
): LoadedSpec {
  const { facts, host, architecture } = request
  const spec = {
    version: 1,
    name,
    provider: facts.provider,
    host,
    arch: architecture,
    source: { probe: { then: 'poweroff' } },
    machine: {
      ...machineSize,
      firmware,
      networks: facts.capabilities.networkModes.includes('nat') ? [{ mode: 'nat' }] : [],
    },
    onFailure: 'remove',
    // For the blink of an eye between the boot and the removal, in which a killed process leaves a finished machine.
    expires: '1h',
  }
  return specFromText(
    { path: 'azl-vm doctor --boot', text: JSON.stringify(spec) },
    { file: undefined, cwd: '', providers: request.specProviders, hostArchitecture: architecture },
  )
}

async function bootAndRemove(request: BootProofRequest, loaded: LoadedSpec, times: BootTimes): Promise<UpResult> {
  const { environment, signal } = request
  const listener: EventListener = (event) => {
    times.note(event)
    request.listener(event)
  }
  return await up(environment, {
    loaded,
    isRemovedAfterwards: true,
    isLocked: false,
    lockWaitMs: 0,
    signal,
    listener,
  })
}

/** What went wrong, as data; an interrupt and a bug of ours are thrown on. */
function failureOf(error: unknown, signal: AbortSignal): Failure {
  if (!(error instanceof AzlVmError) || signal.aborted) throw error
  const { code, message, hint, evidence } = error
  return { code, message, hint, evidence }
}
