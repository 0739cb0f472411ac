// @ts-check
// The Linux that QEMU runs on: where a double runs in Wine it is outside, and reached through test/support/wine-bridge.ts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { env, platform } from 'node:process'

/** `PORT TOKEN` of the bridge, and what each drive of Wine is: `{"c": "/…/drive_c", "z": ""}`. */
const [bridgePort = '', token] = (env['AZL_SIM_BRIDGE'] ?? '').split(' ')
const drives = JSON.parse(env['AZL_SIM_DRIVES'] ?? '{}')

export const isInWine = platform === 'win32'

/** A path as programs of Linux know it. @param {string} path */
export function linuxPath(path) {
  const [, drive = '', below = ''] = /^([A-Za-z]):[\\/](.*)$/s.exec(path) ?? []
  const folder = drives[drive.toLowerCase()]
  return isInWine && folder !== undefined ? `${folder}/${below.replaceAll('\\', '/')}` : path
}

/** Drives beside Z:, which is all of Linux: letter and folder. @returns {[string, string][]} */
export const ownDrives = () => Object.entries(drives).filter(([, folder]) => folder !== '')

/** A path of Linux as this process opens it. @param {string} path */
export const ownPath = (path) => (isInWine ? `Z:${path}` : path)

/** A connection to a Unix socket; rejects where nobody serves it. @param {string} path @returns {Promise<import('node:net').Socket>} */
export async function connectTo(path) {
  if (!isInWine) {
    const socket = connect(path)
    await once(socket, 'connect')
    return socket
  }
  const socket = await ask({ verb: 'connect', path: linuxPath(path) })
  await answerOn(socket)
  return socket
}

/**
 * A program that dies with this process, however that ends.
 * @typedef {object} Started
 * @property {boolean} isGone
 * @property {string} errors what it wrote on stderr; in Wine once it is gone
 * @property {Promise<void>} ended
 * @property {() => void} kill
 * @param {string} program
 * @param {readonly string[]} args
 * @param {string} folder that it works in
 * @returns {Started}
 */
export function startProgram(program, args, folder) {
  const started = { isGone: false, errors: '', ended: Promise.resolve(), kill: () => undefined }
  return isInWine ? startOutside(started, program, args, folder) : startHere(started, program, args, folder)
}

/** @param {Started} started @param {string} program @param {readonly string[]} args @param {string} cwd */
function startHere(started, program, args, cwd) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  child.stderr.on('data', (bytes) => void (started.errors += bytes))
  started.kill = () => void child.kill('SIGKILL')
  started.ended = new Promise((resolve) => {
    child.once('error', (error) => {
      started.errors += error.message
      started.isGone = true
      resolve()
    })
    child.once('close', () => {
      started.isGone = true
      resolve()
    })
  })
  return started
}

/** @param {Started} started @param {string} program @param {readonly string[]} args @param {string} folder */
function startOutside(started, program, args, folder) {
  const asked = ask({ verb: 'start', command: [program, ...args], folder: linuxPath(folder) })
  started.kill = () => void asked.then((socket) => socket.destroy())
  started.ended = asked
    .then(answerOn)
    .then(({ errors }) => void (started.errors += errors))
    .catch((error) => void (started.errors += error.message))
    .then(() => void (started.isGone = true))
  return started
}

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, output: string, errors: string }>}
 */
export async function runProgram(program, args) {
  if (isInWine) return await answerOn(await ask({ verb: 'run', command: [program, ...args], folder: '/' }))
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (bytes) => void (output += bytes))
  child.stderr.on('data', (bytes) => void (errors += bytes))
  const [code] = await once(child, 'close')
  return { code, output, errors }
}

/** Sockets cannot be seen in Wine, and so not removed. @param {string} folder */
export async function removeSockets(folder) {
  if (isInWine) await answerOn(await ask({ verb: 'remove-sockets', folder: linuxPath(folder) }))
}

/** @param {object} request */
async function ask(request) {
  const socket = connect(Number(bridgePort), '127.0.0.1')
  await once(socket, 'connect')
  // Its close follows.
  socket.on('error', () => undefined)
  socket.write(`${JSON.stringify({ token, ...request })}\n`)
  return socket
}

/**
 * The one line that the bridge answers; what follows it is the socket's.
 * @param {import('node:net').Socket} socket
 * @returns {Promise<any>}
 */
async function answerOn(socket) {
  /** @type {Buffer} */
  const line = await new Promise((resolve, reject) => {
    let read = Buffer.alloc(0)
    /** @param {Buffer} bytes */
    const onData = (bytes) => {
      read = Buffer.concat([read, bytes])
      const end = read.indexOf('\n')
      if (end < 0) return
      socket.off('data', onData)
      socket.pause()
      socket.unshift(read.subarray(end + 1))
      resolve(read.subarray(0, end))
    }
    socket.on('data', onData)
    socket.once('close', () => reject(new Error('the bridge closed the connection')))
  })
  const answer = JSON.parse(line.toString('utf8'))
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}
