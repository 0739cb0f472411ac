// @ts-check
// A machine's lock, as its process holds it while it runs, by the package's own web service: VirtualBox itself refuses then
// whatever it refuses for a running machine.
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { realProgram } from './real.mjs'

/**
 * Locks the machine; rejects with VirtualBox's words where it cannot be.
 * @param {string} id
 * @returns {Promise<{ release: () => Promise<void> }>}
 */
export async function lockMachine(id) {
  const port = await freePort()
  // It ends with this process, however that ends.
  const service = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', realProgram, 'vboxwebsrv', '--host', '127.0.0.1', '--port', String(port)],
      ...['--authentication', 'null', '--timeout', '0'],
    ],
    { stdio: 'ignore' },
  )
  let isGone = false
  service.once('exit', () => void (isGone = true))
  while (!isGone && !(await answers(port))) await delay(20)
  if (isGone) throw new Error('vboxwebsrv has ended')
  /** @type {(method: string, parts: Readonly<Record<string, string>>) => Promise<string>} */
  const call = (method, parts) => soap(port, method, parts)
  const virtualBox = await call('IWebsessionManager_logon', { username: '', password: '' })
  const session = await call('IWebsessionManager_getSessionObject', { refIVirtualBox: virtualBox })
  const machine = await call('IVirtualBox_findMachine', { _this: virtualBox, nameOrId: id })
  try {
    await call('IMachine_lockMachine', { _this: machine, session, lockType: 'Write' })
  } catch (error) {
    service.kill('SIGKILL')
    throw error
  }
  return {
    release: async () => {
      await call('ISession_unlockMachine', { _this: session })
      await call('IWebsessionManager_logoff', { refIVirtualBox: virtualBox })
      service.kill('SIGKILL')
      await once(service, 'exit')
    },
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** @param {number} port */
async function answers(port) {
  return await soap(port, 'IWebsessionManager_logon', { username: '', password: '' }).then(
    () => true,
    () => false,
  )
}

/**
 * @param {number} port
 * @param {string} method
 * @param {Readonly<Record<string, string>>} parts
 * @returns {Promise<string>}
 */
async function soap(port, method, parts) {
  const inside = Object.entries(parts).map(([name, value]) => `<${name}>${value}</${name}>`)
  const body =
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:vbox="http://www.virtualbox.org/">' +
    `<SOAP-ENV:Body><vbox:${method}>${inside.join('')}</vbox:${method}></SOAP-ENV:Body></SOAP-ENV:Envelope>`
  return await new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method: 'POST', headers: { 'Content-Type': 'text/xml' } })
    asking.once('error', reject)
    asking.once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece) => void (text += piece))
      response.once('end', () => {
        if (response.statusCode === 200) resolve(/<returnval>([^<]*)</.exec(text)?.[1] ?? '')
        else reject(new Error(/<faultstring>([^<]*)</.exec(text)?.[1] ?? text))
      })
    })
    asking.end(body)
  })
}
