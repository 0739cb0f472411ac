import { setTimeout as delay } from 'node:timers/promises'
import { AzlVmError } from '../errors.ts'
import type { Call } from './contract.ts'

/** Until a hypervisor is asked again. Rejects with cancelled, saying what was interrupted. */
export async function pause(ms: number, { signal }: Pick<Call, 'signal'>, what: string): Promise<void> {
  await delay(ms, undefined, { signal }).catch((cause: unknown) => {
    throw new AzlVmError('cancelled', `interrupted while ${what}`, { cause })
  })
}
