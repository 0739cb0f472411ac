/** A simulated Hyper-V host for tests of the provider itself, and ways to it as commands have them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definition } from '../../providers/hyperv/index.ts'
import { processTable } from '../../src/host/process-identity.ts'
import type { Provider } from '../../src/provider/contract.ts'
import { Bench } from '../contract/contract-bench.ts'
import { hyperVInventory } from './hyperv-inventory.ts'
import { startHyperVSimulator, type HyperVSimulator, type SimulatorKnobs } from './hyperv-simulator.ts'
import { buildRecorder, type RecorderProgram } from './recorder-program.ts'
import { providerContext, testCall, testEnvironment } from './test-environment.ts'

export class HyperVBench {
  readonly simulator: HyperVSimulator
  readonly folder: string
  readonly #recorder: RecorderProgram
  readonly #providers: Provider[] = []
  /** Where recorders keep what they hear. */
  readonly recordings: string
  bench!: Bench

  private constructor(simulator: HyperVSimulator, recorder: RecorderProgram, folder: string) {
    this.simulator = simulator
    this.#recorder = recorder
    this.folder = folder
    this.recordings = join(folder, 'recorders')
  }

  static async begin(): Promise<HyperVBench> {
    const folder = await mkdtemp(join(tmpdir(), 'azl-bench-'))
    const host = new HyperVBench(await startHyperVSimulator(), await buildRecorder(), folder)
    const provider = await host.open()
    const facts = await provider.facts(testCall())
    const environment = testEnvironment({ home: join(folder, 'home'), entries: [], processes: await processTable() })
    host.bench = new Bench({ host: undefined as never, provider, facts, folder, environment, set: [] })
    return host
  }

  get provider(): Provider {
    return this.bench.provider
  }

  /** `now` is the controller's clock. */
  async open(now = () => new Date()): Promise<Provider> {
    const env = { ...this.simulator.env, TMPDIR: tmpdir() }
    const recorder = { folder: this.recordings, command: this.#recorder.command }
    const provider = await definition.open('local', providerContext({ env, recorder, now }))
    this.#providers.push(provider)
    return provider
  }

  /** In a process that began with the host's knobs turned so. */
  async withKnobs<T>(knobs: SimulatorKnobs, work: (provider: Provider) => Promise<T>): Promise<T> {
    await this.simulator.setKnobs(knobs)
    const provider = await this.open()
    try {
      return await work(provider)
    } finally {
      await provider.close()
      await this.simulator.setKnobs({})
    }
  }

  /** All that is on the host, in a fixed order. */
  async inventory(): Promise<readonly string[]> {
    return (await hyperVInventory(this.simulator)).map(({ what }) => what).toSorted()
  }

  async end(): Promise<void> {
    for (const provider of this.#providers) await provider.close()
    await this.simulator.stop()
    await this.#recorder.remove()
    await rm(this.folder, { recursive: true, force: true })
  }
}
