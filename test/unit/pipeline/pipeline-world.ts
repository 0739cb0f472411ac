/** A world for the pipeline: machines in memory, a home of its own, commands with pids that can die. */
import type { RunEvent } from '../../../src/events/events.ts'
import { destroyMachine } from '../../../src/pipeline/destroy.ts'
import type { Environment } from '../../../src/pipeline/environment.ts'
import { planGc, type GcItem } from '../../../src/pipeline/gc.ts'
import { openJournal, type Journal } from '../../../src/pipeline/journal.ts'
import { openVerbRun } from '../../../src/pipeline/run.ts'
import { up, type UpResult } from '../../../src/pipeline/up.ts'
import type { UpRequest } from '../../../src/pipeline/up-context.ts'
import { AzlVmError } from '../../../src/errors.ts'
import type { RemovalReport } from '../../../src/provider/contract.ts'
import { MemoryHypervisor, type MemoryOptions } from '../../support/memory-provider.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { loadText, PlayedProcesses, probeSpec, testCall, testEnvironment } from '../../support/test-environment.ts'

export class PipelineWorld {
  readonly folder: string
  readonly hypervisor: MemoryHypervisor
  readonly processes = new PlayedProcesses()
  readonly environment: Environment
  readonly events: RunEvent[] = []
  readonly #clock: { at: number }

  constructor(folder: string, options: MemoryOptions, clock: { at: number }) {
    this.folder = folder
    this.hypervisor = new MemoryHypervisor(options)
    this.#clock = clock
    this.environment = testEnvironment({
      home: `${folder}/home`,
      entries: [this.hypervisor.entry],
      processes: this.processes,
      now: () => new Date(clock.at++),
    })
  }

  passTime(ms: number): void {
    this.#clock.at += ms
  }

  /** Another user's commands on the same hypervisor. */
  as(user: string): Environment {
    return testEnvironment({
      home: `${this.folder}/home-of-${user}`,
      entries: [this.hypervisor.entry],
      processes: this.processes,
      user,
    })
  }

  async up(
    text: string = waiting(),
    options: Partial<UpRequest> & { readonly environment?: Environment } = {},
  ): Promise<UpResult> {
    const { environment = this.environment, ...rest } = options
    return await up(environment, {
      loaded: await loadText(this.folder, text),
      isRemovedAfterwards: false,
      isLocked: false,
      lockWaitMs: 0,
      signal: new AbortController().signal,
      listener: (event) => {
        this.events.push(event)
      },
      ...rest,
    })
  }

  async destroy(name: string): Promise<void> {
    const provider = this.hypervisor.open()
    const info = await this.#info(name)
    const { bus } = this.#run()
    await destroyMachine({
      environment: this.environment,
      provider,
      info,
      bus,
      signal: new AbortController().signal,
      lockWaitMs: 0,
    })
  }

  async gcItems(environment: Environment = this.environment): Promise<readonly GcItem[]> {
    const plan = await planGc(environment, this.#run().bus, new AbortController().signal)
    await plan.close()
    return plan.items
  }

  async gc(): Promise<RemovalReport> {
    const { bus } = this.#run()
    const { signal } = new AbortController()
    const plan = await planGc(this.environment, bus, signal)
    try {
      return await plan.run(bus, signal)
    } finally {
      await plan.close()
    }
  }

  /** `up` of a process that is killed when it writes the n-th journal entry: nothing that it asks is done any more. */
  async upKilledAt(n: number, text: string = waiting()): Promise<number> {
    let written = 0
    const dying = (file: string, now: () => Date): Journal => {
      const journal = openJournal(file, now)
      return {
        append: (body) => {
          written += 1
          if (written >= n) {
            this.hypervisor.cutConnections()
            throw new Error('killed')
          }
          journal.append(body)
        },
        close: () => {
          journal.close()
        },
      }
    }
    const { pid } = this.processes.self
    await this.up(text, { openJournal: dying }).catch((error: unknown) => error)
    this.processes.die(pid)
    this.processes.become(pid + 1)
    return written
  }

  /** Resolves when the played guest has said all that it says before it waits. */
  async spoken(name: string, word: string): Promise<void> {
    const machine = this.hypervisor.byName(name)
    while (machine?.isOn === true && !Buffer.concat(machine.serial.firmware.log).toString('latin1').includes(word))
      await machine.more(new AbortController().signal)
  }

  async #info(name: string) {
    const [info] = await this.hypervisor.open().findByName(name, testCall())
    if (!info) throw new AzlVmError('machine-not-found', name)
    return info
  }

  #run() {
    return openVerbRun(this.environment, (event) => {
      this.events.push(event)
    })
  }
}

export async function world(options: MemoryOptions = {}): Promise<PipelineWorld> {
  return new PipelineWorld(await temporaryFolder(), options, { at: Date.parse('2026-11-24T10:00:00Z') })
}

/** A probe machine that stays on. */
export function waiting(...lines: readonly string[]): string {
  return probeSpec('box', 'wait', 'provider: memory', ...lines)
}

export async function errorOf(work: Promise<unknown>): Promise<AzlVmError> {
  const thrown: unknown = await work.then(
    (value) => new Error(`it did not fail: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  if (thrown instanceof AzlVmError) return thrown
  throw thrown
}
