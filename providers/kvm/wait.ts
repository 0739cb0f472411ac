import type { Connection } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'

export interface WaitLimits<T> {
  /** Its end is the end of all events: what is waited for would never come. */
  readonly connection: Connection
  readonly signal: AbortSignal
  /** What is being done, for the errors. */
  readonly action: string
  /** What is said where the signal fires. */
  readonly interrupted: string
  /** `late` gives the result for an event that did not come, or throws. */
  readonly deadline?: { readonly ms: number; readonly late: () => T }
}

/** Waits for an event of libvirt; ends also with the deadline, the connection or the signal. */
export async function waitFor<T>(event: Promise<T>, limits: WaitLimits<T>): Promise<T> {
  const { connection, signal, action, interrupted, deadline } = limits
  let stop: () => void = () => undefined
  const limit = new Promise<T>((resolve, reject) => {
    const abort = (): void => {
      reject(new AzlVmError('cancelled', interrupted))
    }
    const timer =
      deadline &&
      setTimeout(() => {
        resolve(Promise.resolve().then(deadline.late))
      }, deadline.ms)
    signal.addEventListener('abort', abort, { once: true })
    stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
    if (signal.aborted) abort()
    void connection.closed.then((cause) => {
      reject(new AzlVmError('backend-failed', `the connection to libvirt broke: ${action}`, { cause }))
    })
  })
  try {
    return await Promise.race([event, limit])
  } finally {
    stop()
  }
}
