/** Which provider a spec gets: the one that it names, or for `auto` the first that can make its machine on that host. */
import { AzlVmError } from '../errors.ts'
import { unsuitable, type Wanted } from './capabilities.ts'
import type { Call, Facts, Provider } from './contract.ts'
import type { ProviderRegistry } from './registry.ts'

/** A provider that was asked and not taken, and why. */
export interface PassedOver {
  readonly provider: string
  readonly why: string
}

export interface ChosenProvider {
  readonly provider: Provider
  readonly facts: Facts
  /** In the order in which they were asked; empty where the spec names its provider. */
  readonly passedOver: readonly PassedOver[]
}

export interface ChoiceRequest {
  readonly registry: ProviderRegistry
  /** A provider's name, or `auto`. */
  readonly name: string
  readonly host: string
  readonly wanted: Wanted
}

interface Asked {
  readonly provider: Provider
  readonly facts: Facts
  readonly why: string | undefined
}

/**
 * Opens the named provider, or for `auto` the first whose host is ready and gives the guest what the spec wants. Where
 * none gives that, the first that is ready: its plan says at the spec's key what is missing. Where none is ready,
 * `whenUnready` says whether that is an error with the reasons of every one, or the first of them is taken.
 * @throws {AzlVmError} host-not-ready, or what the first finding names; usage where nobody understands the host
 */
export async function chooseProvider(
  { registry, name, host, wanted }: ChoiceRequest,
  whenUnready: 'refuse' | 'take-first',
  call: Call,
): Promise<ChosenProvider> {
  const candidates = name === 'auto' ? await registry.openAll(host) : [await registry.open(name, host)]
  const { storage, source } = wanted
  const making = { storagePath: storage.path, mediumPath: 'iso' in source ? source.iso : undefined }
  const asked: Asked[] = []
  let chosen: Asked | undefined
  try {
    for (const provider of candidates) {
      const facts = await provider.facts(call, making)
      asked.push({ provider, facts, why: whyNot(facts, wanted) })
      if (asked.at(-1)?.why === undefined) break
    }
    chosen = asked.find(({ why }) => why === undefined) ?? asked.find(({ facts }) => facts.isReady)
    if (whenUnready === 'take-first') chosen ??= asked[0]
    if (!chosen) throw notReady(asked.map(({ facts }) => facts))
    const { provider, facts } = chosen
    return { provider, facts, passedOver: asked.filter((one) => one.provider !== provider).map(passedOver) }
  } finally {
    await Promise.all(
      candidates.filter((provider) => provider !== chosen?.provider).map((provider) => provider.close()),
    )
  }
}

function whyNot(facts: Facts, wanted: Wanted): string | undefined {
  if (facts.isReady) return unsuitable(facts.capabilities, wanted)
  return facts.findings.find(({ level }) => level === 'error')?.message ?? 'it is not ready'
}

function passedOver({ facts, why }: Asked): PassedOver {
  return { provider: facts.provider, why: why ?? '' }
}

/** The error for hosts of which none can make a machine, from their findings. */
function notReady(tried: readonly Facts[]): AzlVmError {
  const problems = tried.flatMap((facts) =>
    facts.findings.filter((finding) => finding.level === 'error').map((finding) => ({ facts, finding })),
  )
  const [first] = problems
  if (!first) return new AzlVmError('host-not-ready', 'no hypervisor was found that can make a machine')
  const rest = problems.slice(1).map(({ facts, finding }) => `${facts.provider}: ${finding.message}`)
  return new AzlVmError(first.finding.error ?? 'host-not-ready', `${first.facts.provider}: ${first.finding.message}`, {
    ...(first.finding.fix === undefined ? {} : { hint: first.finding.fix }),
    evidence: rest,
  })
}
