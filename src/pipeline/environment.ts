import type { Architecture } from '../spec/schema.ts'
import type { EventBus } from '../events/event-bus.ts'
import type { ProcessTable } from '../host/process-identity.ts'
import type { Call } from '../provider/contract.ts'
import type { ProviderRegistry } from '../provider/registry.ts'
import type { MachineStore } from '../store/machine-store.ts'
import type { Home } from '../store/paths.ts'

/** What the verbs work with; made once by compose.ts, or by a test. */
export interface Environment {
  readonly home: Home
  readonly machines: MachineStore
  readonly registry: ProviderRegistry
  readonly processes: ProcessTable
  /** 16 hex digits; see provider/mark. */
  readonly owner: string
  readonly toolVersion: string
  readonly now: () => Date
  /** The boot probe's UEFI program for an architecture. */
  readonly probeBinary: (architecture: Architecture) => Promise<Uint8Array>
}

/** A call whose warnings and details go to a run's events. */
export function callFor(bus: EventBus, signal: AbortSignal, stepId = ''): Call {
  return {
    signal,
    debug: (message, data) => {
      bus.emit({ type: 'debug', message, ...(data === undefined ? {} : { data }) })
    },
    warn: (code, message, hint) => {
      bus.emit({ type: 'warning', code, message, ...(hint === undefined ? {} : { hint }) })
    },
    progress: (doneBytes, totalBytes) => {
      bus.emit({ type: 'step-progress', id: stepId, doneBytes, totalBytes })
    },
  }
}
