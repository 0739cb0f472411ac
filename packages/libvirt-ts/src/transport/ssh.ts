/** Through the system's ssh, with the user's own configuration, keys, agent and known hosts. It never asks anything. */
import { spawn } from 'node:child_process'
import { AbortedError } from '../errors.ts'
import type { Dialer } from './dialer.ts'
import { ProcessStream } from './process-stream.ts'
import { sshCommand } from './ssh-command.ts'
import { explainSsh } from './ssh-failure.ts'

/**
 * Resolves at once: whether ssh got through shows with the first answer, and a failure destroys the stream with a
 * `ConnectionError` whose cause is what ssh said.
 */
export const sshDialer: Dialer = {
  async dial(target, { isReadOnly, env = process.env, signal }) {
    if (signal?.aborted === true) throw new AbortedError('connecting', signal.reason)
    const [program, ...args] = sshCommand(target, isReadOnly)
    const child = spawn(program, args, {
      // ssh's own words decide what a failure is: not in another language.
      env: { ...env, LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    return await Promise.resolve(new ProcessStream(child, (end) => explainSsh(end, program, target)))
  },
}
