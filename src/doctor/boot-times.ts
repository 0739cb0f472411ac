import type { RunEvent } from '../events/events.ts'

/** Each in milliseconds; undefined: it did not come so far. */
export interface BootTimesMs {
  /** From the first act to the machine as it stands, its medium in the drive. */
  readonly create: number | undefined
  /** The hypervisor's own start. */
  readonly start: number | undefined
  /** From the begin of the start to the first byte on the serial port. */
  readonly firstByte: number | undefined
  /** From the begin of the start until the boot was decided: the probe's closing line, or the refusal. */
  readonly decided: number | undefined
  readonly remove: number | undefined
}

/** Reads the times of one run of `up` from its events. */
export class BootTimes {
  #firstActMs: number | undefined
  #startedMs: number | undefined
  #times: BootTimesMs = {
    create: undefined,
    start: undefined,
    firstByte: undefined,
    decided: undefined,
    remove: undefined,
  }

  note(event: RunEvent): void {
    const atMs = Date.parse(event.time)
    switch (event.type) {
      case 'step-started':
        this.#firstActMs ??= atMs
        if (event.id === 'start') {
          this.#startedMs = atMs
          this.#set({ create: atMs - this.#firstActMs })
        }
        break
      case 'first-byte':
        this.#set({ firstByte: this.#sinceStart(atMs) })
        break
      case 'step-finished':
        if (event.id === 'start') this.#set({ start: event.elapsedMs })
        if (event.id === 'boot') this.#set({ decided: this.#sinceStart(atMs) })
        if (event.id === 'destroy') this.#set({ remove: event.elapsedMs })
        break
      default:
    }
  }

  get result(): BootTimesMs {
    return this.#times
  }

  #sinceStart(atMs: number): number | undefined {
    return this.#startedMs === undefined ? undefined : atMs - this.#startedMs
  }

  #set(times: Partial<BootTimesMs>): void {
    this.#times = { ...this.#times, ...times }
  }
}
