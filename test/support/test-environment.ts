/** What core works with, for tests: a home of its own, providers of the test, processes that can die. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assetPath } from '../../src/assets.ts'
import type { ProcessTable } from '../../src/host/process-identity.ts'
import type { Environment } from '../../src/pipeline/environment.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { removableLoaderNames } from '../../src/media/removable-loader.ts'
import { ownerOf, type ProcessIdentity } from '../../src/provider/mark.ts'
import { ProviderRegistry, type ProviderEntry } from '../../src/provider/registry.ts'
import { writeFileAtomic } from '../../src/store/atomic-file.ts'
import { MachineStore } from '../../src/store/machine-store.ts'
import { Home } from '../../src/store/paths.ts'
import { loadSpec } from '../../src/spec/load.ts'
import type { LoadedSpec } from '../../src/spec/loaded-spec.ts'

export interface TestEnvironmentOptions {
  /** AZL_VM_HOME. */
  readonly home: string
  readonly entries: readonly ProviderEntry[]
  readonly processes?: ProcessTable
  readonly user?: string
  readonly now?: () => Date
}

export function testEnvironment(options: TestEnvironmentOptions): Environment {
  const home = new Home(options.home)
  const now = options.now ?? (() => new Date())
  return {
    home,
    machines: new MachineStore(home),
    registry: new ProviderRegistry(options.entries, () => providerContext({ now })),
    processes: options.processes ?? new PlayedProcesses(),
    owner: ownerOf(options.user ?? 'tester', 'computer', options.home),
    toolVersion: '0.0.0-test',
    now,
    probeBinary: (architecture) =>
      readFile(assetPath('packages', 'boot-probe', 'bin', removableLoaderNames[architecture])),
  }
}

/** What a provider is given; locks are no-ops, because only one process works here. */
export function providerContext(overrides: Partial<ProviderContext> = {}): ProviderContext {
  const facts = new Map<string, unknown>()
  return {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    platform: process.platform,
    uid: process.getuid?.(),
    now: () => new Date(),
    bootId: 'b'.repeat(32),
    hostFacts: {
      get: async (key) => facts.get(key),
      set: async (key, value) => {
        facts.set(key, value)
      },
    },
    sharedLock: serialised(),
    recorder: { folder: '/nonexistent', command: [process.execPath, '--version'] },
    ...overrides,
  }
}

function serialised(): ProviderContext['sharedLock'] {
  const tails = new Map<string, Promise<unknown>>()
  return (name, _call, work) => {
    const before = tails.get(name)
    const result = (before ?? Promise.resolve()).then(() => work(before !== undefined))
    const tail = result.then(
      () => undefined,
      () => undefined,
    )
    tails.set(name, tail)
    void tail.then(() => {
      if (tails.get(name) === tail) tails.delete(name)
    })
    return result
  }
}

/** Processes that live and die as a test says; `become` gives the next command its own pid. */
export class PlayedProcesses implements ProcessTable {
  readonly bootId = 'c'.repeat(32)
  readonly #alive = new Set<number>()
  self: ProcessIdentity

  constructor() {
    this.self = this.become(1001)
  }

  become(pid: number): ProcessIdentity {
    this.#alive.add(pid)
    this.self = { pid, startTime: String(pid * 10), bootId: this.bootId }
    return this.self
  }

  die(pid: number): void {
    this.#alive.delete(pid)
  }

  isAlive(identity: ProcessIdentity): boolean {
    return this.bootId.startsWith(identity.bootId) && this.#alive.has(identity.pid)
  }
}

/** The spec of a probe machine, with lines put behind it. */
export function probeSpec(name: string, then: 'poweroff' | 'wait', ...lines: readonly string[]): string {
  return [`version: 1`, `name: ${name}`, `source: { probe: { then: ${then} } }`, ...lines, ''].join('\n')
}

/** Loads a spec text from a file of its own in `folder`. */
export async function loadText(folder: string, text: string, set: readonly string[] = []): Promise<LoadedSpec> {
  const file = join(folder, `${randomUUID()}.yaml`)
  await writeFileAtomic(file, text)
  const { hypervOptions } = await import('../../providers/hyperv/options.ts')
  const { kvmOptions } = await import('../../providers/kvm/options.ts')
  const { virtualboxOptions } = await import('../../providers/virtualbox/options.ts')
  const { z } = await import('zod')
  return await loadSpec({
    file,
    cwd: folder,
    providers: {
      hyperv: hypervOptions,
      kvm: kvmOptions,
      virtualbox: virtualboxOptions,
      memory: z.strictObject({}),
      other: z.strictObject({}),
    },
    hostArchitecture: 'x86_64',
    set,
  })
}

export interface RecordingCall extends Call {
  readonly warnings: readonly string[]
}

/** A call with a signal of its own unless one is given; warnings are kept as `code: message`. */
export function testCall(signal: AbortSignal = new AbortController().signal): RecordingCall {
  const warnings: string[] = []
  return {
    signal,
    warnings,
    debug: () => undefined,
    warn: (code, message) => {
      warnings.push(`${code}: ${message}`)
    },
    progress: () => undefined,
  }
}
