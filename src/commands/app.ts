/** What the commands need of the composed application; built by src/compose.ts. */
import type { ZodType } from 'zod'
import type { Environment } from '../pipeline/environment.ts'

export interface App {
  /** The provider's own keys of the spec: provider name to the zod type of its sub-schema. */
  specProviders(): Promise<Readonly<Record<string, ZodType>>>
  /** State, providers, who we are; built at the first call. */
  environment(): Promise<Environment>
  /** Where a bug report finds the log of this run. */
  readonly logFile?: string
  /** Called by main when the command is over, also after an error. */
  close?(): Promise<void>
}
