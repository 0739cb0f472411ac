/**
 * The recorder as a process: `node recorder.js FOLDER ID PORT [again]`. Says `ready`, or what is wrong, in one JSON line
 * on stdout; what it could say later nobody would hear. It ends by itself. `again`: in the place of one that was killed,
 * unless its machine was removed or another listens meanwhile.
 */
import { existsSync } from 'node:fs'
import node from 'node:process'
import { errorText } from '../errors.ts'
import { Recorder } from './recorder.ts'
import { readNote, recorderFolder, removeStale, type RecorderFolder } from './recorder-folder.ts'
import { RecorderLine } from './recorder-line.ts'

const { stdout } = node
const [root = '', machineId = '', portPath = '', again] = node.argv.slice(2)
// The command that began it may be gone, with its terminal.
for (const name of ['SIGINT', 'SIGHUP'] as const) node.on(name, () => undefined)
stdout.on('error', () => undefined)
try {
  const folder = recorderFolder(root, machineId)
  if (again === undefined || (await isVacant(folder))) await record(folder)
} catch (error) {
  stdout.write(`${JSON.stringify({ ready: false, error: errorText(error) })}\n`)
  node.exitCode = 1
}

async function record(folder: RecorderFolder): Promise<void> {
  const recorder = await Recorder.start({ folder, portPath, platform: node.platform, now: () => new Date() })
  node.once('SIGTERM', () => void recorder.end())
  stdout.write(`${JSON.stringify({ ready: true })}\n`)
  await recorder.ended
}

async function isVacant(folder: RecorderFolder): Promise<boolean> {
  if (!existsSync(folder.dir)) return false
  const note = await readNote(folder)
  const line = note && (await RecorderLine.open(note))
  line?.close()
  if (line) return false
  if (note) await removeStale(folder, note)
  return true
}
