// @ts-check
// VBoxHeadless.exe for tests: the one outside of Wine runs the machine, and its serial port is a pipe of Windows here.
import { env, argv, exit, stdout } from 'node:process'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connectTo, startProgram } from '../../qemu/linux.mjs'
import { ask } from './outside.mjs'

const words = argv.slice(2)
const id = words[words.indexOf('--startvm') + 1] ?? ''
const { output } = await ask(['showvminfo', id, '--machinereadable'])
// VBoxManage escapes nothing there.
const pipe = /^uartmode1="server,(.*)"/m.exec(output)?.[1] ?? ''
const port = `${env['AZL_VBOX_OUTSIDE']}/run/${id}/com1.sock`
const headless = startProgram('VBoxHeadless', words, '/')

// The pipe is there when the machine is.
while (!headless.isGone) {
  const line = await connectTo(port).catch(() => undefined)
  line?.destroy()
  if (line !== undefined) break
  await delay(20)
}
const server = createServer((client) => {
  client.on('error', () => client.destroy())
  connectTo(port).then(
    (line) => {
      client.once('close', () => line.destroy())
      line.pipe(client).pipe(line)
    },
    () => client.destroy(),
  )
})
server.maxConnections = 1
server.listen(pipe)
await headless.ended
stdout.write(headless.errors)
exit(headless.errors.includes('error') ? 1 : 0)
