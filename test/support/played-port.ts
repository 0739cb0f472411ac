/** A serial port as a hypervisor serves it while a machine is on: a local socket that takes one client. */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'

export class PlayedPort {
  readonly path: string
  /** What was typed since it was switched on. */
  typed = ''
  /** How often somebody connected. */
  connections = 0
  #server: Server | undefined
  #client: Socket | undefined
  #arrived: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.path = path
  }

  async switchOn(): Promise<void> {
    this.typed = ''
    const server = createServer((socket) => {
      this.#client = socket
      this.connections += 1
      socket.on('error', () => undefined)
      socket.on('data', (bytes) => (this.typed += bytes.toString('latin1')))
    })
    this.#server = server
    this.#arrived = once(server, 'connection')
    server.listen(this.path)
    await once(server, 'listening')
  }

  /** Resolves when somebody listens. */
  async connected(): Promise<void> {
    await this.#arrived
  }

  /** Resolves when somebody listens from now on who did not before. */
  async nextConnection(): Promise<void> {
    if (this.#server) await once(this.#server, 'connection')
  }

  /** What the guest says. */
  say(text: string): void {
    this.#client?.write(text)
  }

  async switchOff(): Promise<void> {
    this.#server?.close()
    this.#client?.end()
    this.#client = undefined
    await rm(this.path, { force: true })
  }
}
