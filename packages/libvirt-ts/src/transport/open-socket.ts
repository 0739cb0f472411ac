/** Opening a socket of the system, and what its refusal means. */
import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import { AbortedError, ConnectionError } from '../errors.ts'

/** How long a host may stay silent. The system's own limit is about two minutes. */
export const connectTimeoutMs = 30_000

/** Resolves once connected; rejects with the system's error, an `AbortedError`, or that nobody answered in time. */
export function openSocket(
  where: NetConnectOpts,
  signal: AbortSignal | undefined,
  timeoutMs = connectTimeoutMs,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new AbortedError('connecting', signal.reason))
    const socket = connect(where)
    const late = setTimeout(() => socket.destroy(new SilentHostError(timeoutMs)), timeoutMs)
    const onAbort = (): void => void socket.destroy(new AbortedError('connecting', signal?.reason))
    const settle = (act: () => void): void => {
      clearTimeout(late)
      signal?.removeEventListener('abort', onAbort)
      socket.removeAllListeners()
      act()
    }
    signal?.addEventListener('abort', onAbort)
    socket.once('connect', () => settle(() => resolve(socket)))
    socket.once('error', (error) => settle(() => reject(error)))
  })
}

class SilentHostError extends Error {
  readonly code = 'ETIMEDOUT'

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs / 1000} s`)
  }
}

/** The system's code of a failure: `ENOENT`, `ECONNREFUSED` ...; undefined for an abort and for what is no such failure. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof AbortedError) return undefined
  return (error as NodeJS.ErrnoException).code
}

/** Why a host could not be reached over the network; what is no failure of the network is passed through. */
export function explainNetwork(error: unknown, host: string, port: number, listenHint: string): unknown {
  const where = `${host} port ${port}`
  switch (codeOf(error)) {
    case undefined:
      return error
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConnectionError('host-unknown', `there is no host '${host}'`, {
        cause: error,
        hint: 'See how the name is written, and whether it can be looked up from here: getent hosts NAME.',
      })
    case 'ECONNREFUSED':
      return new ConnectionError('refused', `nobody listens at ${where}`, { cause: error, hint: listenHint })
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new ConnectionError('unreachable', `${where} does not answer`, {
        cause: error,
        hint: `See whether the host is up, and whether a firewall lets port ${port} through.`,
      })
    default:
      return new ConnectionError('dial-failed', `${where} cannot be connected to`, { cause: error, hint: listenHint })
  }
}
