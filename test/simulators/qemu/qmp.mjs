// @ts-check
// QEMU's monitor: a command, its answer; events go to whoever listens.
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { connectTo } from './linux.mjs'

/** QEMU refused a command. */
export class QmpError extends Error {}

export class Qmp {
  /** Resolves when QEMU is gone. */
  ended
  #socket
  /** @type {{ resolve: (value: any) => void, reject: (error: Error) => void }[]} */
  #waiting = []
  #isEnded = false

  /**
   * @param {import('node:net').Socket} socket
   * @param {(name: string, data: any) => void} onEvent
   */
  constructor(socket, onEvent) {
    this.#socket = socket
    const lines = createInterface({ input: socket })
    // Its close follows.
    lines.on('error', () => undefined)
    lines.on('line', (line) => {
      const message = JSON.parse(line)
      if (message.event !== undefined) onEvent(message.event, message.data)
      else if (message.error !== undefined) this.#waiting.shift()?.reject(new QmpError(message.error.desc))
      else if ('return' in message) this.#waiting.shift()?.resolve(message.return)
    })
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isEnded = true
        for (const { reject } of this.#waiting.splice(0)) reject(new QmpError('QEMU has left'))
        resolve(undefined)
      })
    })
    // Where QEMU was killed.
    socket.on('error', () => undefined)
  }

  /**
   * @param {string} path
   * @param {(name: string, data: any) => void} [onEvent]
   * @returns {Promise<Qmp>}
   */
  static async connect(path, onEvent = () => undefined) {
    const qmp = new Qmp(await connectTo(path), onEvent)
    await qmp.execute('qmp_capabilities')
    return qmp
  }

  /**
   * Until a QEMU that was just started serves its monitor; `isGone` says that it will not.
   * @param {string} path
   * @param {() => boolean} isGone
   * @param {(name: string, data: any) => void} [onEvent]
   * @returns {Promise<Qmp | undefined>}
   */
  static async connectToStarted(path, isGone, onEvent) {
    while (!isGone()) {
      try {
        return await Qmp.connect(path, onEvent)
      } catch {
        await delay(10)
      }
    }
    return undefined
  }

  /**
   * Rejects with a {@link QmpError} where QEMU refuses or leaves.
   * @param {string} command
   * @param {object} [args]
   * @returns {Promise<any>}
   */
  execute(command, args) {
    if (this.#isEnded) return Promise.reject(new QmpError('QEMU has left'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
    })
  }

  close() {
    this.#socket.destroy()
  }
}
