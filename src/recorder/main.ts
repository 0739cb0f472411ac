/**
 * The recorder as a process: `node recorder.js FOLDER ID PORT [again | given-up]`. Says `ready` once somebody listens, or
 * what is wrong, in one JSON line on stdout; what it could say later nobody would hear. It ends by itself. `again`: in the
 * place of one that was killed, unless its machine was removed meanwhile. `given-up`: notes that there will be no other.
 */
import { existsSync } from 'node:fs'
import node from 'node:process'
import { errorText } from '../errors.ts'
import { asOneRecorder } from './one-recorder.ts'
import { Recorder } from './recorder.ts'
import { readNote, recorderFolder, removeFolder, removeSocket } from './recorder-folder.ts'
import { RecorderLog } from './recorder-log.ts'

const { stdout, platform } = node
const [root = '', machineId = '', portPath = '', why] = node.argv.slice(2)
const folder = recorderFolder(root, machineId)
const now = (): Date => new Date()
// The command that began it may be gone, with its terminal.
for (const name of ['SIGINT', 'SIGHUP'] as const) node.on(name, () => undefined)
stdout.on('error', () => undefined)
try {
  const isWanted = (): boolean => why === undefined || existsSync(folder.dir)
  const isDone = await asOneRecorder({ folder, platform, isWanted }, async () => {
    // The lock made the folder anew: it was removed since it was looked for.
    if (why !== undefined && !existsSync(folder.events)) await removeFolder(folder)
    else await (why === 'given-up' ? noteGivenUp() : record())
  })
  if (!isDone) sayReady()
} catch (error) {
  stdout.write(`${JSON.stringify({ ready: false, error: errorText(error) })}\n`)
  node.exitCode = 1
}

async function record(): Promise<void> {
  const killed = await readNote(folder)
  const recorder = await Recorder.start({ folder, portPath, platform, now })
  node.once('SIGTERM', () => void recorder.end())
  if (killed) await removeSocket(killed.address, folder)
  sayReady()
  await recorder.ended
}

async function noteGivenUp(): Promise<void> {
  const log = new RecorderLog(folder, now)
  log.note('given-up')
  log.close()
}

function sayReady(): void {
  stdout.write(`${JSON.stringify({ ready: true })}\n`)
}
