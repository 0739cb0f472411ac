/** Which providers there are, each loaded only when it is asked for. */
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { Call, Facts, Provider, ProviderContext, ProviderDefinition } from './contract.ts'

export interface ProviderEntry {
  readonly name: string
  readonly title: string
  load(): Promise<ProviderDefinition>
  /** Why this computer cannot be a host of it, whatever is installed; without it, or where it is undefined: it can. */
  whyNotHere?(context: ProviderContext): string | undefined
}

/** A provider that this computer cannot be a host of. */
export interface NotHere {
  readonly name: string
  readonly title: string
  readonly why: string
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

  /** Those that {@link openAll} leaves out, none of them loaded for it. */
  notHere(host: string): readonly NotHere[] {
    if (host !== 'local') return []
    return this.entries.flatMap(({ name, title, ...entry }) => {
      const why = entry.whyNotHere?.(this.#contextFor(name, host))
      return why === undefined ? [] : [{ name, title, why }]
    })
  }

  /** The names of those that may be on a host, in the order in which `auto` tries them. */
  candidates(host: string): readonly string[] {
    const left = new Set(this.notHere(host).map(({ name }) => name))
    return this.entries.map(({ name }) => name).filter((name) => !left.has(name))
  }

  /**
   * Every provider to which the host's address says something: a libvirt URI is none of Hyper-V's. Where it is
   * nobody's, the first one's error.
   */
  async openAll(host: string): Promise<readonly Provider[]> {
    const opened: Provider[] = []
    let refusal: unknown
    for (const name of this.candidates(host)) {
      try {
        opened.push(await this.open(name, host))
      } catch (error) {
        if (!isAzlVmError(error, 'usage')) {
          await Promise.all(opened.map((provider) => provider.close()))
          throw error
        }
        refusal ??= error
      }
    }
    if (opened.length === 0 && refusal instanceof Error) throw refusal
    return opened
  }

  /**
   * Opens the named provider, or for `auto` the first one whose host is ready. Where none is, the error holds
   * the reasons of every one that was tried.
   */
  async resolve(name: string, host: string, call: Call): Promise<{ provider: Provider; facts: Facts }> {
    const candidates = name === 'auto' ? await this.openAll(host) : [await this.open(name, host)]
    const tried: Facts[] = []
    let chosen: Provider | undefined
    try {
      for (const provider of candidates) {
        const facts = await provider.facts(call)
        if (facts.isReady) {
          chosen = provider
          return { provider, facts }
        }
        tried.push(facts)
      }
      throw notReady(tried)
    } finally {
      await Promise.all(candidates.filter((provider) => provider !== chosen).map((provider) => provider.close()))
    }
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
