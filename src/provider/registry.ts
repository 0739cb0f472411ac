/** Which providers there are, each loaded only when it is asked for. */
import { AzlVmError } from '../errors.ts'
import type { Call, Facts, Provider, ProviderContext, ProviderDefinition } from './contract.ts'

export interface ProviderEntry {
  readonly name: string
  readonly title: string
  load(): Promise<ProviderDefinition>
}

export class ProviderRegistry {
  readonly entries: readonly ProviderEntry[]
  readonly #contextFor: (provider: string, host: string) => ProviderContext

  constructor(entries: readonly ProviderEntry[], contextFor: (provider: string, host: string) => ProviderContext) {
    this.entries = entries
    this.#contextFor = contextFor
  }

  async open(name: string, host: string): Promise<Provider> {
    const entry = this.entries.find((candidate) => candidate.name === name)
    if (!entry) {
      throw new AzlVmError('usage', `there is no provider "${name}"`, {
        hint: `Providers: ${this.entries.map((candidate) => candidate.name).join(', ')}.`,
      })
    }
    const definition = await entry.load()
    return await definition.open(host, this.#contextFor(name, host))
  }

  /**
   * Opens the named provider, or for `auto` the first one whose host is ready. Where none is, the error holds
   * the reasons of every one that was tried.
   */
  async resolve(name: string, host: string, call: Call): Promise<{ provider: Provider; facts: Facts }> {
    const names = name === 'auto' ? this.entries.map((entry) => entry.name) : [name]
    const tried: Facts[] = []
    for (const candidate of names) {
      const provider = await this.open(candidate, host)
      const facts = await provider.facts(call).catch(async (error: unknown) => {
        await provider.close()
        throw error
      })
      if (facts.isReady) return { provider, facts }
      tried.push(facts)
      await provider.close()
    }
    throw notReady(tried)
  }
}

/** The error for hosts of which none can make a machine, from their findings. */
export function notReady(tried: readonly Facts[]): AzlVmError {
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
