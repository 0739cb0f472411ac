/** Which providers there are, each loaded only when it is asked for. */
import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { Provider, ProviderContext, ProviderDefinition } from './contract.ts'

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

  /**
   * Every provider to which the host's address says something, in the order in which `auto` tries them: a libvirt URI
   * is none of Hyper-V's. Where it is nobody's, the first one's error.
   */
  async openAll(host: string): Promise<readonly Provider[]> {
    const left = new Set(this.notHere(host).map(({ name }) => name))
    const names = this.entries.map(({ name }) => name).filter((name) => !left.has(name))
    const settled = await Promise.allSettled(names.map((name) => this.open(name, host)))
    const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refusals = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []))
    const broken = refusals.filter((error) => !isAzlVmError(error, 'usage'))
    if (broken.length > 0) await Promise.all(opened.map((provider) => provider.close()))
    const error = broken[0] ?? (opened.length === 0 ? refusals[0] : undefined)
    if (error instanceof Error) throw error
    return opened
  }
}
