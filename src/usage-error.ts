import { AzlVmError } from './errors.ts'

/** What was typed cannot be understood, or cannot be done that way. */
export function usageError(message: string, hint?: string): AzlVmError {
  return new AzlVmError('usage', message, hint === undefined ? {} : { hint })
}
