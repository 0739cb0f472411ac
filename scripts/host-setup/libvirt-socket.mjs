// @ts-check
import { connect } from 'node:net'

/** @typedef {'answers' | 'absent' | 'denied' | 'silent'} SocketState */

/** A socket of a daemon that hangs accepts connections all the same: the kernel does that. So ask something. */
const ANSWER_TIMEOUT_MS = 5000

/**
 * libvirt's first question of every connection, "which ways to authenticate are there?", as its RPC protocol has it:
 * seven big-endian words: length, program, version, procedure AUTH_LIST, type call, serial, status.
 */
export const AUTH_LIST_CALL = Buffer.from('0000001c200080860000000100000042000000000000000000000000', 'hex')

/**
 * @param {string} path
 * @param {number} [timeoutMs]
 * @returns {Promise<SocketState>}
 */
export function askSocket(path, timeoutMs = ANSWER_TIMEOUT_MS) {
  return new Promise((resolve) => {
    const socket = connect(path)
    /** @param {SocketState} state */
    const settle = (state) => {
      socket.destroy()
      resolve(state)
    }
    socket.setTimeout(timeoutMs, () => settle('silent'))
    socket.on('connect', () => socket.write(AUTH_LIST_CALL))
    socket.on('data', () => settle('answers'))
    socket.on('close', () => settle('silent'))
    socket.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined
      if (code === 'EACCES' || code === 'EPERM') return settle('denied')
      // ECONNREFUSED: the file that a daemon left when it was killed.
      settle(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'absent' : 'silent')
    })
  })
}
