/**
 * The process that listens to one machine's serial port, where the hypervisor itself keeps nothing of it. It is there
 * before the machine is started and outlives the command that began it. What it hears goes into a file first, then to
 * the one client that holds the port; slow clients lose, the guest never waits. It ends when the machine is off or
 * gone: when the port has been absent for a while and nobody is connected who waits for a start.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boundedOutput } from '../console/bounded-output.ts'
import { writeFileAtomic } from '../store/atomic-file.ts'
import { jsonOf, frame, frameKinds, FrameReader, type Frame, type Hello, type HoldRequest } from './frames.ts'
import { removeSocket, type RecorderFolder, type RecorderNote } from './recorder-folder.ts'
import { RecorderLog } from './recorder-log.ts'
import { SerialPort } from './serial-port.ts'

export interface RecorderOptions {
  readonly folder: RecorderFolder
  /** Where the hypervisor serves the port. */
  readonly portPath: string
  readonly platform: NodeJS.Platform
  readonly now: () => Date
  /** How long the port may be absent, with nobody connected, before the machine counts as off. Milliseconds. */
  readonly absentMs?: number
}

/** Longer than a reset or the start of a machine takes the port away. */
const usualAbsentMs = 10_000

/** sockaddr_un has room for 107 bytes on Linux, 103 on macOS. */
const longestSocketPath = 100

interface Client {
  readonly socket: Socket
  readonly relay: (bytes: Uint8Array) => void
  isKnown: boolean
}

export class Recorder {
  /** Resolves when it has ended and its note is gone. */
  readonly ended: Promise<void>
  readonly #options: RecorderOptions
  readonly #log: RecorderLog
  readonly #server: Server
  readonly #token = randomBytes(24).toString('hex')
  readonly #clients = new Set<Client>()
  #port: SerialPort | undefined
  #holder: Client | undefined
  #idle: NodeJS.Timeout | undefined
  #address = ''
  #isEnding = false
  #settleEnded!: () => void

  private constructor(options: RecorderOptions) {
    this.#options = options
    this.#log = new RecorderLog(options.folder, options.now)
    this.#server = createServer((socket) => {
      this.#take(socket)
    })
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve
    })
  }

  /** Resolves once the port is listened to and clients can come; where it rejects nothing listens any more. */
  static async start(options: RecorderOptions): Promise<Recorder> {
    const recorder = new Recorder(options)
    try {
      await recorder.#serve()
      return recorder
    } catch (error) {
      // The machine may be gone by now, and this folder with it: a server would keep the process.
      await recorder.end()
      throw error
    }
  }

  async #serve(): Promise<void> {
    const { folder, platform, portPath } = this.#options
    this.#address = await addressIn(folder.dir, platform)
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#address, resolve)
    })
    if (platform !== 'win32') await chmod(this.#address, 0o600)
    this.#log.note('listening')
    this.#port = new SerialPort({
      path: portPath,
      onBytes: (bytes) => {
        this.#log.append(bytes)
        this.#holder?.relay(bytes)
      },
      onReport: ({ state }) => {
        if (state === 'connected' || state === 'denied') this.#log.note(state)
        else if (state === 'absent') this.#log.note('lost')
        this.#tellPort(this.#clients)
        this.#judgeIdle()
      },
    })
    const note: RecorderNote = { pid: process.pid, address: this.#address, token: this.#token }
    await writeFileAtomic(folder.note, JSON.stringify(note))
    this.#judgeIdle()
  }

  /** Listens no more; who is connected is told by the end of the connection. */
  async end(): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    clearTimeout(this.#idle)
    // First the note: nobody new comes, and whoever finds none begins another recorder.
    await rm(this.#options.folder.note, { force: true }).catch(() => undefined)
    this.#server.close()
    this.#port?.close()
    this.#log.note('ended')
    this.#log.close()
    for (const { socket } of this.#clients) socket.end()
    await removeSocket(this.#address, this.#options.folder)
    this.#settleEnded()
  }

  #take(socket: Socket): void {
    const output = {
      write: (bytes: Uint8Array | string) => socket.write(frame(frameKinds.data, Buffer.from(bytes))),
      get writableLength() {
        return socket.writableLength
      },
    }
    const client: Client = { socket, relay: boundedOutput(output), isKnown: false }
    const reader = new FrameReader()
    this.#clients.add(client)
    socket.on('data', (bytes) => {
      try {
        for (const each of reader.read(bytes)) this.#answer(client, each)
      } catch {
        socket.destroy()
      }
    })
    // Its close follows.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.#clients.delete(client)
      if (this.#holder === client) this.#holder = undefined
      this.#judgeIdle()
    })
  }

  #answer(client: Client, said: Frame): void {
    if (!client.isKnown) {
      this.#greet(client, said)
      return
    }
    switch (said.kind) {
      case frameKinds.hold:
        this.#hold(client, jsonOf(said) as HoldRequest)
        return
      case frameKinds.input:
        // A port that is gone takes nothing, and its report is on the way.
        void this.#port?.write(said.content).catch(() => undefined)
        return
      case frameKinds.start:
        this.#port?.expectStart()
        this.#log.note('start')
        client.socket.write(frame(frameKinds.answer, { isGranted: true }))
        return
      case frameKinds.end:
        void this.end()
        return
      default:
        throw new Error('no such frame')
    }
  }

  /** On Windows everybody may open the pipe: who does not know the token hears nothing. */
  #greet(client: Client, said: Frame): void {
    const expected = Buffer.from(this.#token)
    const given = Buffer.from(said.kind === frameKinds.hello ? (jsonOf(said) as Hello).token : '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error('not a client')
    client.isKnown = true
    // With the answer the client knows how the port is.
    this.#tellPort([client])
    client.socket.write(frame(frameKinds.answer, { isGranted: true }))
    this.#judgeIdle()
  }

  #hold(client: Client, { force }: HoldRequest): void {
    const before = this.#holder
    const isGranted = before === undefined || before === client || force
    if (isGranted) {
      if (before !== client) before?.socket.write(frame(frameKinds.taken))
      this.#holder = client
    }
    client.socket.write(frame(frameKinds.answer, { isGranted }))
  }

  #tellPort(clients: Iterable<Client>): void {
    if (!this.#port) return
    for (const { socket, isKnown } of clients) if (isKnown) socket.write(frame(frameKinds.port, this.#port.report))
  }

  #judgeIdle(): void {
    clearTimeout(this.#idle)
    const isWaitedFor = [...this.#clients].some(({ isKnown }) => isKnown)
    if (this.#isEnding || isWaitedFor || this.#port?.report.state === 'connected') return
    this.#idle = setTimeout(() => void this.end(), this.#options.absentMs ?? usualAbsentMs)
  }
}

/** In the user's own folder; where that is too deep for a socket, in one made for it. */
async function addressIn(dir: string, platform: NodeJS.Platform): Promise<string> {
  const name = randomBytes(8).toString('hex')
  if (platform === 'win32') return `\\\\.\\pipe\\azl-vm-recorder-${name}`
  const inPlace = join(dir, `${name}.sock`)
  if (Buffer.byteLength(inPlace) <= longestSocketPath) return inPlace
  return join(await mkdtemp(join(tmpdir(), 'azl-vm-')), 'recorder.sock')
}
