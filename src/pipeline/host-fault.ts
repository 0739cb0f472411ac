import { AzlVmError, isAzlVmError } from '../errors.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'

/** A host that no provider can read is a fault of the spec's key `host`; every other error stays as it is. */
export async function atHostKey<T>(loaded: LoadedSpec, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isAzlVmError(error, 'usage') || !loaded.isGiven(['host'])) throw error
    const { message, hint } = error
    const located = loaded.toError([{ path: ['host'], message, ...(hint === undefined ? {} : { hint }) }])
    throw new AzlVmError('spec-invalid', located.message, {
      cause: error,
      evidence: located.evidence,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}
