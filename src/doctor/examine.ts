/** Findings about this computer and about every provider's host; `providers` shows the same facts by provider. */
import type { EventBus } from '../events/event-bus.ts'
import { callFor, type Environment } from '../pipeline/environment.ts'
import type { Facts, Finding } from '../provider/contract.ts'
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

export async function examine(environment: Environment, bus: EventBus, signal: AbortSignal, host: string): Promise<DoctorReport> {
  const [own, providers] = await Promise.all([machineFindings(environment.home.root), readAllFacts(environment, bus, signal, host)])
  return {
    isReady: providers.some((facts) => facts.isReady) && !own.some((finding) => finding.level === 'error'),
    toolVersion: environment.toolVersion,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    home: environment.home.root,
    sections: [
      { title: 'this computer', findings: own },
      ...providers.map((facts) => ({ title: `${facts.provider} at ${facts.host}`, findings: facts.findings })),
    ],
    providers,
  }
}

/** The facts of every provider on one host; one that is not ready is among them. */
export async function readAllFacts(environment: Environment, bus: EventBus, signal: AbortSignal, host: string): Promise<readonly Facts[]> {
  const call = callFor(bus, signal)
  return await Promise.all(environment.registry.entries.map(async (entry) => {
    const provider = await environment.registry.open(entry.name, host)
    try {
      return await provider.facts(call)
    } finally {
      await provider.close()
    }
  }))
}
