/** Findings about this computer and about every provider's host; `providers` shows the same facts by provider. */
import os from 'node:os'
import type { Environment } from '../pipeline/environment.ts'
import type { Call, Facts, Finding, Provider } from '../provider/contract.ts'
import type { NotHere } from '../provider/registry.ts'
import { machineFindings } from './machine-findings.ts'

export interface DoctorSection {
  readonly title: string
  readonly findings: readonly Finding[]
}

/** All that a person needs who helps from afar, and nothing that is secret. */
export interface DoctorReport {
  readonly isReady: boolean
  readonly toolVersion: string
  readonly node: string
  readonly platform: string
  readonly system: {
    readonly release: string
    readonly processors: number
    readonly processorModel: string
    readonly memoryBytes: number
    readonly freeMemoryBytes: number
  }
  /** Where azl-vm keeps what it keeps. */
  readonly home: string
  readonly paths: {
    readonly machines: string
    readonly cache: string
    readonly runs: string
    /** Today's log of the verbs other than `up`. */
    readonly log: string
  }
  readonly sections: readonly DoctorSection[]
  readonly providers: readonly Facts[]
}

export interface Examination {
  readonly environment: Environment
  /** `local`, or what the spec's `host` takes. */
  readonly host: string
  /** Undefined: all that there are. */
  readonly provider: string | undefined
}

export async function examine({ environment, host, provider }: Examination, call: Call): Promise<DoctorReport> {
  const { registry, toolVersion, home, now } = environment
  const reading =
    provider === undefined
      ? askAllProviders(environment, host, call).then((asked) => asked.map(({ facts }) => facts))
      : registry.open(provider, host).then(async (opened) => [await factsOnce(opened, call)])
  const [own, providers] = await Promise.all([machineFindings(home.root), reading])
  return {
    isReady: providers.some((facts) => facts.isReady) && !own.some((finding) => finding.level === 'error'),
    toolVersion,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    system: {
      release: os.release(),
      processors: os.cpus().length,
      processorModel: os.cpus()[0]?.model ?? '',
      memoryBytes: os.totalmem(),
      freeMemoryBytes: os.freemem(),
    },
    home: home.root,
    paths: { machines: home.machinesDir, cache: home.cacheDir, runs: home.runsDir, log: home.toolLog(now()) },
    sections: [
      { title: 'this computer', findings: own },
      ...providers.map((facts) => ({ title: `${facts.provider} at ${facts.host}`, findings: facts.findings })),
      ...(provider === undefined ? registry.notHere(host).map(notHereSection) : []),
    ],
    providers,
  }
}

function notHereSection({ name, why }: NotHere): DoctorSection {
  return { title: name, findings: [{ level: 'info', code: 'not-here', message: `not on this computer: ${why}` }] }
}

/** What one provider said, and how long it took to be loaded and to answer, in milliseconds. */
export interface AskedProvider {
  readonly facts: Facts
  readonly elapsedMs: number
}

/** The facts of every provider that there may be on one host, asked all at once; one that is not ready is among them. */
export async function askAllProviders(
  { registry, now }: Environment,
  host: string,
  call: Call,
): Promise<readonly AskedProvider[]> {
  const startedMs = now().getTime()
  return await Promise.all(
    (await registry.openAll(host)).map(async (provider) => {
      const facts = await factsOnce(provider, call)
      return { facts, elapsedMs: now().getTime() - startedMs }
    }),
  )
}

async function factsOnce(provider: Provider, call: Call): Promise<Facts> {
  try {
    return await provider.facts(call)
  } finally {
    await provider.close()
  }
}
