/**
 * The way out of Wine: programs in it cannot start Linux programs nor open Unix sockets, so the simulator's host
 * (LinuxAroundWine.cs) asks here, over 127.0.0.1. A request is a connection of its own: one JSON line in, one back; a
 * connection to a Unix socket goes on with that socket's bytes.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import * as z from 'zod'

const requestSchema = z.intersection(
  z.object({ token: z.string() }),
  z.discriminatedUnion('verb', [
    z.object({ verb: z.literal('run'), command: z.array(z.string()), folder: z.string() }),
    /** Like `run`, and it ends with the connection. */
    z.object({ verb: z.literal('start'), command: z.array(z.string()), folder: z.string() }),
    z.object({ verb: z.literal('connect'), path: z.string() }),
    z.object({ verb: z.literal('remove-sockets'), folder: z.string() }),
  ]),
)

/** What the doubles run; others are refused. */
const usualPrograms = ['node', 'qemu-img', 'qemu-storage-daemon', 'qemu-system-x86_64', 'swtpm']

/** What a test lets them run besides, by the name that they know. */
export type OutsidePrograms = Readonly<Record<string, { readonly file: string; readonly env: NodeJS.ProcessEnv }>>

export interface WineBridge {
  /** For the environment: `AZL_SIM_BRIDGE`. */
  readonly address: string
  /** Ends what was started. */
  close(): Promise<void>
}

export async function openWineBridge(more: OutsidePrograms = {}): Promise<WineBridge> {
  const token = randomBytes(16).toString('hex')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    readFirstLine(socket, (line) => {
      answer(socket, line, token, more)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `${(server.address() as AddressInfo).port} ${token}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A client says nothing more before it has its answer, so that nothing is read beyond the line. */
function readFirstLine(socket: Socket, take: (line: string) => void): void {
  let text = ''
  const onData = (bytes: Buffer): void => {
    text += bytes.toString('utf8')
    if (!text.endsWith('\n')) return
    socket.off('data', onData)
    take(text)
  }
  socket.on('data', onData)
}

function answer(socket: Socket, line: string, token: string, more: OutsidePrograms): void {
  const request = requestSchema.parse(JSON.parse(line))
  const [given, wanted] = [Buffer.from(request.token), Buffer.from(token)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) socket.destroy()
  else if (request.verb === 'connect') join(socket, request.path)
  else if (request.verb === 'remove-sockets') void removeSockets(socket, request.folder)
  else run(socket, request, more)
}

function join(socket: Socket, path: string): void {
  const port = connect(path)
  port.once('connect', () => {
    socket.write('{}\n')
    port.pipe(socket).pipe(port)
  })
  port.once('error', (error) => socket.end(`${JSON.stringify({ error: error.message })}\n`))
  socket.once('close', () => port.destroy())
}

/** Wine cannot remove them, for it cannot open them. */
async function removeSockets(socket: Socket, folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true })
  await Promise.all(entries.filter((one) => one.isSocket()).map((one) => rm(`${folder}/${one.name}`)))
  socket.end('{}\n')
}

interface ToRun {
  readonly verb: 'run' | 'start'
  readonly command: readonly string[]
  readonly folder: string
}

function run(socket: Socket, { verb, command: [name = '', ...args], folder }: ToRun, more: OutsidePrograms): void {
  const program = more[name] ?? (usualPrograms.includes(name) ? { file: name, env: process.env } : undefined)
  if (program === undefined) {
    socket.end(`${JSON.stringify({ error: `${name} is not on the list of programs` })}\n`)
    return
  }
  // It is not to outlive us, either.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program.file, ...args], {
    cwd: folder,
    env: program.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.once('error', (error) => socket.end(`${JSON.stringify({ error: error.message })}\n`))
  child.once('close', (code) => socket.end(`${JSON.stringify({ code: code ?? -1, output, errors })}\n`))
  if (verb === 'start') socket.once('close', () => child.kill('SIGKILL'))
}
