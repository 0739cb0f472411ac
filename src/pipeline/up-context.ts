import type { EventListener } from '../events/events.ts'
import type { Facts, Provider } from '../provider/contract.ts'
import type { MachineRequest } from '../provider/machine.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import type { MachineRecord } from '../store/machine-store.ts'
import type { Environment } from './environment.ts'
import type { Journal, openJournal } from './journal.ts'
import type { PreparedMedium } from './medium.ts'
import type { Run } from './run.ts'

export interface UpRequest {
  readonly loaded: LoadedSpec
  /** Take the machine away once it did what it should; the evidence is kept. */
  readonly isRemovedAfterwards: boolean
  /** Refuses a medium without a promise: no `checksum` in the spec. */
  readonly isLocked: boolean
  /** See {@link MachineRequest.isHostNetworkAllowed}. */
  readonly isHostNetworkAllowed?: boolean
  readonly lockWaitMs: number
  readonly signal: AbortSignal
  readonly listener: EventListener
  /** How the journal is opened; a test hands in its own. */
  readonly openJournal?: typeof openJournal
}

/** All that the parts of one `up` share. */
export interface UpContext {
  readonly environment: Environment
  readonly request: UpRequest
  readonly run: Run
  readonly provider: Provider
  readonly facts: Facts
  readonly medium: PreparedMedium
  readonly journal: Journal
}

export function recordOf(
  context: UpContext,
  machineRequest: MachineRequest,
  phase: MachineRecord['phase'],
): MachineRecord {
  const { run, provider, request } = context
  return {
    v: 1,
    provider: provider.name,
    host: provider.host,
    ref: machineRequest.ref,
    runId: machineRequest.mark.runId,
    lastRunId: run.id,
    specFile: request.loaded.file,
    specDigest: request.loaded.digest,
    phase,
    created: machineRequest.mark.created,
    installer: machineRequest.installer,
    macs: machineRequest.macs,
  }
}
