/** A worker that plays what a test says, in Node: to see what its client makes of good and bad answers. */
import { startLocal, type HostProcess } from '../../providers/hyperv/host-process.ts'

const prelude = `
const readline = require('node:readline')
const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n')
const hello = (more = {}) => say({ hello: 1, languageMode: 'FullLanguage', psVersion: '5.1.26100.1', psEdition: 'Desktop',
  culture: 'de-DE', build: 26100, edition: 'Professional', rights: { administrator: true, hyperVAdministrators: false },
  separator: '\\\\', machineId: 'm', home: 'C:\\\\Users\\\\admin', architecture: 'X64',
  clock: new Date().toISOString(), ...more })
const done = (id, value) => say({ id, ok: true, value, warnings: [] })
const onRequest = (handle) => readline.createInterface({ input: process.stdin })
  .on('line', (line) => handle(JSON.parse(line), line)).on('close', () => process.exit(0))
`

/** `body` is JavaScript that may call `hello(more)`, `onRequest((request, line) => …)`, `say(value)`, `done(id, value)`. */
export function scriptedWorker(body: string): HostProcess {
  const args = ['-e', scriptedWorkerText(body)]
  return startLocal({ command: process.execPath, args, env: { PATH: process.env['PATH'] } })
}

/** The same as a program's text. */
export function scriptedWorkerText(body: string): string {
  return prelude + body
}
