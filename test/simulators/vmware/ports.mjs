// @ts-check
// A machine's serial ports as VMware serves them: sockets, which QEMU serves itself, or on Windows named pipes.
import { chmodSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connectTo, isInWine } from '../qemu/linux.mjs'

/** @typedef {import('../qemu/description.mjs').SerialEnd} SerialEnd */

/**
 * @param {readonly SerialEnd[]} ports
 * @param {string} runFolder
 * @returns {{ ends: SerialEnd[], restrict: () => void, close: () => void }} what QEMU is told; `restrict` once it runs
 */
export function servePorts(ports, runFolder) {
  if (isInWine) return servePipes(ports, runFolder)
  const sockets = ports.flatMap((port) => (port.kind === 'socket' ? [port.path] : []))
  const close = () => {
    for (const path of sockets) rmSync(path, { force: true })
  }
  close()
  const restrict = () => {
    for (const path of sockets) chmodSync(path, 0o600)
  }
  return { ends: [...ports], restrict, close }
}

/** A pipe has one client, whose bytes go to QEMU's socket in the run folder. @param {readonly SerialEnd[]} ports @param {string} runFolder */
function servePipes(ports, runFolder) {
  /** @type {import('node:net').Server[]} */
  const servers = []
  const ends = ports.map((port, index) => {
    if (port.kind !== 'socket') return port
    const path = `serial${index}.sock`
    const server = createServer((client) => {
      client.on('error', () => client.destroy())
      connectTo(join(runFolder, path)).then(
        (line) => {
          client.once('close', () => line.destroy())
          line.pipe(client).pipe(line)
        },
        () => client.destroy(),
      )
    })
    server.maxConnections = 1
    servers.push(server.listen(port.path))
    return { ...port, path }
  })
  return { ends, restrict: () => undefined, close: () => servers.forEach((server) => void server.close()) }
}
