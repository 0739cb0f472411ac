/**
 * The recorder as a process: `node recorder.js FOLDER PORT`. Says `ready`, or what is wrong, in one JSON line on stdout;
 * what it could say later nobody would hear. It ends by itself.
 */
import node from 'node:process'
import { errorText } from '../errors.ts'
import { Recorder } from './recorder.ts'
import { recorderFolder } from './recorder-folder.ts'

const { stdout } = node
const [root = '', machineId = '', portPath = ''] = node.argv.slice(2)
// The command that began it may be gone, with its terminal.
for (const name of ['SIGINT', 'SIGHUP'] as const) node.on(name, () => undefined)
stdout.on('error', () => undefined)
try {
  const recorder = await Recorder.start({
    folder: recorderFolder(root, machineId),
    portPath,
    platform: node.platform,
    now: () => new Date(),
  })
  node.once('SIGTERM', () => void recorder.end())
  stdout.write(`${JSON.stringify({ ready: true })}\n`)
  await recorder.ended
} catch (error) {
  stdout.write(`${JSON.stringify({ ready: false, error: errorText(error) })}\n`)
  node.exitCode = 1
}
