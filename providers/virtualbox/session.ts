/** One run's way to VirtualBox: VBoxManage, started for each question. */
import { setTimeout as delay } from 'node:timers/promises'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { runProgram, type ProgramResult } from '../../src/host/run-program.ts'
import { failureOf, isPassing } from './errors.ts'
import { encodingOf, environmentFor } from './letters.ts'
import { findPrograms, type HostPlaces, type Programs } from './host.ts'
import type { FoundMachine } from './machines.ts'

/** VBoxManage waits for VBoxSVC, which may stand still. Milliseconds. */
const usualMs = 120_000

const lettingGoMs = 10_000
const lookAgainMs = 100

export interface Asked {
  /** For messages: what is being done. */
  readonly action: string
  readonly timeoutMs?: number
}

/** What VBoxManage only answers; all else is taken for a change. */
const questions = new Set(['--version', 'list', 'showvminfo'])

export class Session {
  readonly context: ProviderContext
  readonly places: HostPlaces
  /** Where the settings of each machine that was met lie, by UUID. */
  readonly settingsFiles = new Map<string, string>()
  /** Machines that this session made and did not start yet, by UUID. */
  readonly unstarted = new Set<string>()
  #listed: readonly FoundMachine[] | undefined
  #hasChanged = false
  #programs: Promise<Programs | undefined> | undefined
  #encoding: Promise<string> | undefined

  constructor(context: ProviderContext, places: HostPlaces) {
    this.context = context
    this.places = places
  }

  /** All machines as they were listed last, of a session that has changed nothing yet; undefined where they must be listed. */
  get listed(): readonly FoundMachine[] | undefined {
    return this.#hasChanged ? undefined : this.#listed
  }

  noteListed(machines: readonly FoundMachine[]): void {
    this.#listed = machines
  }

  /** Before anything of VirtualBox's is changed. */
  noteChange(): void {
    this.#hasChanged = true
  }

  /** Looked for once; throws tool-missing. */
  async programs(call: Call): Promise<Programs> {
    this.#programs ??= findPrograms(this.context, call)
    const programs = await this.#programs
    if (programs) return programs
    throw new AzlVmError('tool-missing', 'VirtualBox is not installed: there is no VBoxManage', {
      hint: 'Install VirtualBox 7.0 or later from https://www.virtualbox.org/wiki/Downloads, or put its folder into PATH.',
    })
  }

  /** What VBoxManage wrote on stdout; rejects where it failed, with VirtualBox's code as ours. */
  async manage(args: readonly string[], asked: Asked, call: Call): Promise<string> {
    return await this.unlessPassing(call, async () => {
      const result = await this.attempt(args, asked, call)
      if (result.exitCode === 0) return result.stdout
      throw failureOf(result, asked.action)
    })
  }

  /** VirtualBox lets go of a machine a moment after the program that had it has ended: what is refused till then is tried again. */
  async unlessPassing<T>({ signal }: Call, work: () => Promise<T>): Promise<T> {
    let until: number | undefined
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const now = this.context.now().getTime()
        // From the first refusal on: a start may take longer than that until it is refused.
        until ??= now + lettingGoMs
        if (!isPassing(error) || signal.aborted || now >= until) throw error
        await delay(lookAgainMs)
      }
    }
  }

  /** The same, whatever the exit code. */
  async attempt(args: readonly string[], { action, timeoutMs = usualMs }: Asked, call: Call): Promise<ProgramResult> {
    const { signal, debug } = call
    if (signal.aborted) throw new AzlVmError('cancelled', `interrupted before it was to ${action}`)
    const { manage } = await this.programs(call)
    this.#encoding ??= encodingOf(this.context, call)
    const encoding = await this.#encoding
    if (!questions.has(args[0] ?? '')) this.noteChange()
    const result = await runProgram(manage, args, { env: environmentFor(this.context), signal, timeoutMs, encoding })
    debug(`VBoxManage: ${action}`, { args, exitCode: result.exitCode, stderr: result.stderr })
    return result
  }
}
