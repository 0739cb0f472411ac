/** One provider's way to its Hyper-V: the worker, begun early and made anew when it ended, and what every part uses. */
import type * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import { translateError } from './errors.ts'
import { startOnHost } from './host-process.ts'
import type { HostChoice } from './host.ts'
import { policyScope } from './policy-scope.ts'
import type { Hello } from './protocol.ts'
import { Worker } from './worker.ts'

export interface Asked<T> {
  /** What is being done, for the log and the error: "start azl4". */
  readonly action: string
  /** Of the answer. */
  readonly schema: z.ZodType<T>
  /** Milliseconds. Default: two minutes. */
  readonly timeoutMs?: number
  /** Hyper-V itself is not asked, so that its rights do not matter. */
  readonly isWithoutRights?: boolean
}

/** Long enough for a host that is busy; what takes longer by itself says so. */
const usualTimeoutMs = 120_000

export class Session {
  readonly choice: HostChoice
  readonly context: ProviderContext
  /** Core's id of a machine to Hyper-V's, as far as they were seen; see machines.ts. */
  readonly vmIds = new Map<string, string>()
  #worker: Worker | undefined
  /** How far the host's clock is ahead of this computer's, milliseconds; late by the way of the worker's first line. */
  #aheadMs = 0
  #isClosed = false

  constructor(choice: HostChoice, context: ProviderContext) {
    this.choice = choice
    this.context = context
  }

  /** Begins the worker, whose start is slow, while others work. What fails is told by the first call. */
  warmUp(): void {
    try {
      this.#usable()
    } catch {
      // The first call meets it again.
    }
  }

  /** What the worker said of its host, whatever its rights. */
  async identity(call: Call): Promise<Hello> {
    return await untilAborted(this.#usable().hello, call, 'start PowerShell')
  }

  /** What the worker said of its host. Without rights on Hyper-V: permission-denied, and Hyper-V was not asked. */
  async hello(call: Call): Promise<Hello> {
    return await this.#helloOf(this.#usable(), call)
  }

  /**
   * What the clock of the host showed then. Of another computer only: there the error is the time that a line takes, and
   * the moment comes out too early by it; on this one there is but one clock.
   */
  async hostTime(moment: Date, call: Call): Promise<Date> {
    if (this.choice.via === undefined) return moment
    await this.hello(call)
    return new Date(moment.getTime() + this.#aheadMs)
  }

  /** Asks the worker; what Hyper-V refuses with comes out translated, its warnings go to the log. */
  async run<T>(verb: string, args: Readonly<Record<string, unknown>>, asked: Asked<T>, call: Call): Promise<T> {
    await untilAborted(this.#worker?.free ?? Promise.resolve(), call, asked.action)
    return await this.#ask(this.#usable(), verb, args, asked, call)
  }

  /** The same in a worker of its own, for what takes long: others are answered meanwhile. */
  async runAlone<T>(verb: string, args: Readonly<Record<string, unknown>>, asked: Asked<T>, call: Call): Promise<T> {
    const worker = this.#begin()
    try {
      return await this.#ask(worker, verb, args, asked, call)
    } finally {
      await worker.close()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.close()
  }

  /** The one worker for calls; one that ended is followed by another. */
  #usable(): Worker {
    if (this.#worker?.isUsable !== true) this.#worker = this.#begin()
    return this.#worker
  }

  #begin(): Worker {
    // A process that nobody ends any more would keep ours alive.
    if (this.#isClosed) throw new AzlVmError('backend-failed', `the way to Hyper-V at ${this.choice.host} is closed`)
    const worker = new Worker(startOnHost(this.choice, 'worker', this.context), () =>
      policyScope(this.choice, this.context),
    )
    void worker.hello.then(
      ({ clock }) => (this.#aheadMs = Date.parse(clock) - this.context.now().getTime()),
      () => undefined,
    )
    return worker
  }

  async #helloOf(worker: Worker, call: Call): Promise<Hello> {
    const hello = await untilAborted(worker.hello, call, 'start PowerShell')
    const { administrator, hyperVAdministrators } = hello.rights
    if (administrator || hyperVAdministrators) return hello
    throw new AzlVmError('permission-denied', `this account has no rights on Hyper-V at ${this.choice.host}`, {
      hint: 'Start azl-vm from an elevated prompt, or have the account added to the group with the SID S-1-5-32-578 (Hyper-V Administrators) and log on again.',
    })
  }

  async #ask<T>(
    worker: Worker,
    verb: string,
    args: Readonly<Record<string, unknown>>,
    { action, schema, timeoutMs = usualTimeoutMs, isWithoutRights = false }: Asked<T>,
    call: Call,
  ): Promise<T> {
    // Without rights Hyper-V may answer with nothing and no error: it is not asked then.
    if (!isWithoutRights) await this.#helloOf(worker, call)
    call.debug(action, { verb, arguments: args })
    try {
      const { value, warnings } = await worker.request({ verb, arguments: args, timeoutMs, signal: call.signal })
      for (const warning of warnings) call.debug(`Hyper-V warned: ${warning}`)
      const answer = schema.safeParse(value)
      if (answer.success) return answer.data
      throw new AzlVmError('bad-reply', `"${verb}" answered something else than expected`, {
        cause: answer.error,
        hint: 'This is a fault of azl-vm, or of a Windows that it does not know yet: please report it.',
      })
    } catch (error) {
      throw translateError(error, action)
    }
  }
}

/** The worker's start takes seconds: an interruption does not wait for it. */
async function untilAborted<T>(promise: Promise<T>, { signal }: Call, action: string): Promise<T> {
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => {
      reject(new AzlVmError('cancelled', `interrupted: ${action}`, { cause: signal.reason }))
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    stop = () => {
      signal.removeEventListener('abort', abort)
    }
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    stop()
  }
}
