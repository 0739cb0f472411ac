/** Findings about this computer and about every provider's host; `providers` shows the same facts by provider. */
import type { Call, Facts, Finding } from '../provider/contract.ts'
import type { ProviderRegistry } from '../provider/registry.ts'
import { machineFindings } from './machine-findings.ts'

export interface DoctorSection {
  readonly title: string
  readonly findings: readonly Finding[]
}

export interface DoctorReport {
  readonly isReady: boolean
  readonly toolVersion: string
  readonly node: string
  readonly platform: string
  readonly home: string
  readonly sections: readonly DoctorSection[]
  readonly providers: readonly Facts[]
}

export interface Examination {
  readonly registry: ProviderRegistry
  readonly toolVersion: string
  /** The folder that holds all that the tool keeps. */
  readonly home: string
  /** `local`, or what the spec's `host` takes. */
  readonly host: string
}

export async function examine({ registry, toolVersion, home, host }: Examination, call: Call): Promise<DoctorReport> {
  const [own, providers] = await Promise.all([machineFindings(home), readAllFacts(registry, host, call)])
  return {
    isReady: providers.some((facts) => facts.isReady) && !own.some((finding) => finding.level === 'error'),
    toolVersion,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    home,
    sections: [
      { title: 'this computer', findings: own },
      ...providers.map((facts) => ({ title: `${facts.provider} at ${facts.host}`, findings: facts.findings })),
    ],
    providers,
  }
}

/** The facts of every provider on one host; one that is not ready is among them. */
export async function readAllFacts(registry: ProviderRegistry, host: string, call: Call): Promise<readonly Facts[]> {
  return await Promise.all(
    registry.entries.map(async (entry) => {
      const provider = await registry.open(entry.name, host)
      try {
        return await provider.facts(call)
      } finally {
        await provider.close()
      }
    }),
  )
}
