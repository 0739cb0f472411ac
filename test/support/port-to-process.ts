/** A port of the loopback address behind which a process is started for each connection, as inetd does it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface PortToProcess {
  readonly port: number
  /** Ends the processes too. */
  close(): Promise<void>
}

/** The connection is the process's standard input and output; what it says on stderr goes to `onStderr`. */
export async function listenForProcess(
  command: () => readonly [file: string, ...args: string[]],
  onStderr: (text: string) => void = () => undefined,
): Promise<PortToProcess> {
  const children = new Set<ChildProcess>()
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const [file, ...args] = command()
    const child = spawn(file, args, { stdio: [socket, socket, 'pipe'] })
    // The process has its own copy of the connection.
    child.once('spawn', () => socket.destroy())
    child.stderr.setEncoding('utf8').on('data', onStderr)
    children.add(child)
    child.once('close', () => children.delete(child))
    child.once('error', (error) => {
      onStderr(String(error))
      socket.destroy()
      children.delete(child)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const gone = [...children].map((child) => new Promise((resolve) => child.once('close', resolve)))
      for (const child of children) child.kill()
      await Promise.all([...gone, new Promise((resolve) => server.close(resolve))])
    },
  }
}
