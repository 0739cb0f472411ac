/** A plan without the act: what `up` would do with a spec on a host. */
import type { EventBus } from '../events/event-bus.ts'
import type { Facts } from '../provider/contract.ts'
import type { MachineInfo, MachineRequest, PowerState } from '../provider/machine.ts'
import type { Plan } from '../provider/plan.ts'
import type { PassedOver } from '../provider/choose-provider.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import { callFor, type Environment } from './environment.ts'
import { mediumAndHost } from './medium-and-host.ts'
import type { PreparedMedium } from './medium.ts'
import { mint, requestFrom } from './minting.ts'
import { isOurs, notOursBecause } from './ownership.ts'
import { reportDiagnostics } from './plan-diagnostics.ts'

export interface PlannedMachine {
  readonly provider: string
  readonly host: string
  /** With `provider: auto`: those that were asked and not taken, and why. */
  readonly passedOver: readonly PassedOver[]
  readonly facts: Facts
  readonly medium: PreparedMedium
  readonly request: MachineRequest
  readonly plan: Plan
  /** Machines of that name that are there already; none where the host could not be asked. */
  readonly existing: readonly ExistingMachine[]
}

export interface ExistingMachine {
  readonly name: string
  readonly state: PowerState
  readonly isOurs: boolean
  /** What `up` would do with it, for people. */
  readonly then: string
}

export interface PlanOptions {
  /** See {@link MachineRequest.isHostNetworkAllowed}. */
  readonly isHostNetworkAllowed?: boolean
  /** Where a medium that azl-vm made will lie when the plan is carried out. */
  readonly placeOwnMedium?: (file: string) => string
}

/** Plans; facts of a host that is not ready are assumed, and say so. Throws what makes the spec impossible there. */
export async function planMachine(
  environment: Environment,
  loaded: LoadedSpec,
  bus: EventBus,
  signal: AbortSignal,
  { isHostNetworkAllowed = false, placeOwnMedium = (file) => file }: PlanOptions = {},
): Promise<PlannedMachine> {
  const { spec } = loaded
  const call = callFor(bus, signal)
  const { medium, chosen } = await mediumAndHost({
    environment,
    loaded,
    whenUnready: 'take-first',
    bus,
    signal,
    accept: () => undefined,
  })
  const { provider, facts: read, passedOver } = chosen
  try {
    const facts = read.isReady ? read : provider.assumedFacts(read)
    const { path } = medium.medium
    const installer = { ...medium.medium, path: medium.trust === 'own' ? placeOwnMedium(path) : path }
    const minted = mint(environment, loaded, bus.runId, installer)
    const request = {
      ...requestFrom(environment, loaded, minted, provider.name, spec.arch),
      isHostNetworkAllowed,
    }
    const plan = provider.plan(request, facts)
    reportDiagnostics(loaded, plan, (message, hint) => {
      call.warn('plan', message, hint)
    })
    const existing = read.isReady ? await provider.findByName(spec.name, call) : []
    return {
      provider: provider.name,
      host: provider.host,
      passedOver,
      facts,
      medium,
      request,
      plan,
      existing: existing.map((info) => existingMachine(info, environment)),
    }
  } finally {
    await provider.close()
  }
}

function existingMachine(info: MachineInfo, environment: Environment): ExistingMachine {
  const { ref, state } = info
  const [name, ours] = [ref.name, isOurs(info, environment)]
  const then = ours ? thenOfOurs(info) : `it ${notOursBecause(info)}: \`azl-vm up\` refuses, and touches nothing`
  return { name, state, isOurs: ours, then }
}

/** As `up` decides it. */
function thenOfOurs({ ref, mark, state }: MachineInfo): string {
  if (mark?.phase === 'failed')
    return `its last run failed: \`azl-vm up\` refuses; \`azl-vm destroy ${ref.name}\` removes it`
  if (mark?.phase === 'creating' || mark?.phase === 'destroying')
    return 'it is only half there: `azl-vm up` goes on with it, or begins anew'
  const start = state === 'off' || state === 'crashed' || state === 'saved' ? 'starts it' : 'leaves it as it is'
  return `\`azl-vm up\` compares it with the spec, changes nothing in it, and ${start} where it is the same`
}
