/** What the hypervisor notes of a machine while it boots, where it notes anything: asked every second. */
import { setTimeout as delay } from 'node:timers/promises'
import type { HostEvent } from '../provider/contract.ts'
import type { MachineRequest } from '../provider/machine.ts'
import { aftermathCall } from './aftermath.ts'
import type { BootWait } from './boot.ts'
import { callFor } from './environment.ts'
import type { UpContext } from './up-context.ts'

const askEveryMs = 1000

export class HostEvents {
  readonly #context: UpContext
  readonly #request: MachineRequest
  readonly #since: Date

  constructor(context: UpContext, request: MachineRequest, since: Date) {
    this.#context = context
    this.#request = request
    this.#since = since
  }

  /** Tells `wait` of them while `work` goes on. */
  async watchedBy<T>(wait: BootWait, work: () => Promise<T>): Promise<T> {
    if (!this.#context.facts.capabilities.hostEvents) return await work()
    const stop = new AbortController()
    const telling = this.#tell(wait, AbortSignal.any([stop.signal, this.#context.request.signal]))
    try {
      return await work()
    } finally {
      stop.abort()
      await telling
    }
  }

  /** All of them, also those of its end; what hinders the reading is no news after a failure. */
  async last(): Promise<readonly HostEvent[]> {
    const { provider, facts } = this.#context
    if (!facts.capabilities.hostEvents) return []
    return await provider.events(this.#request.ref, this.#since, aftermathCall(this.#context)).catch(() => [])
  }

  /** Where they cannot be read, the serial port has to tell alone. */
  async #tell(wait: BootWait, signal: AbortSignal): Promise<void> {
    const { provider, run } = this.#context
    const call = callFor(run.bus, signal)
    try {
      for (;;) {
        wait.hostNoted(await provider.events(this.#request.ref, this.#since, call))
        await delay(askEveryMs, undefined, { signal })
      }
    } catch (error) {
      if (!signal.aborted) call.debug('the hypervisor’s events cannot be read', error)
    }
  }
}
