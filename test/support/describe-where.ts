import { describe } from 'vitest'

/** Tests that need what this machine may lack; where `missing` says so they are skipped, and the run prints it as the reason. */
export function describeWhere(title: string, missing: string | undefined, tests: () => void): void {
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} [skipped: ${missing}]`, tests)
}
