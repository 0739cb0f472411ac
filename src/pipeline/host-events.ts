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
    const telling = this.#tell(wait, stop.signal)
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
  async #tell(wait: BootWait, over: AbortSignal): Promise<void> {
    const { provider, run, request } = this.#context
    // What is being asked when the boot is over is heard out: a provider may have to end its whole way to the hypervisor
    // to break a question off.
    const call = callFor(run.bus, request.signal)
    const signal = AbortSignal.any([over, request.signal])
    const isOver = (): boolean => signal.aborted
    try {
      while (!isOver()) {
        const events = await provider.events(this.#request.ref, this.#since, call)
        if (isOver()) return
        wait.hostNoted(events)
        await delay(askEveryMs, undefined, { signal })
      }
    } catch (error) {
      if (!isOver()) call.debug('the hypervisor’s events cannot be read', error)
    }
  }
}
