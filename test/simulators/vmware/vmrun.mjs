// @ts-check
// vmrun for tests: the documented commands that azl-vm uses and no others. What is wrong is said on stdout, as vmrun does.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { argv, execPath, exit, stdout } from 'node:process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { changeMedium, pressPower, quit, reset, withMonitor } from '../qemu/control.mjs'
import { readDictionary, valueOf, writeDictionary } from './dictionary.mjs'
import { cloneLinked, forgetSnapshot, readSnapshots, revertTo, snapshotNamed, takeSnapshot } from './snapshots.mjs'
import { isLocked, knobs, noteCall, runningMachines, runningNote, snapshotSocket } from './state.mjs'

class VmrunError extends Error {}

/** Each command: its arguments after the .vmx, as a pattern of the joined words. @type {Record<string, { rest: RegExp, run: (file: string, rest: readonly string[]) => Promise<string> }>} */
const commands = {
  start: { rest: /^(?:gui|nogui)?$/, run: start },
  stop: { rest: /^(?:hard|soft)?$/, run: stop },
  reset: { rest: /^(?:hard|soft)?$/, run: resetMachine },
  snapshot: { rest: /^[^/]+$/, run: (file, [name = '']) => snapshot(file, name) },
  deleteSnapshot: { rest: /^[^/]+$/, run: (file, [name = '']) => unlessRunning(file, name, forgetSnapshot, true) },
  revertToSnapshot: { rest: /^[^/]+$/, run: (file, [name = '']) => unlessRunning(file, name, revertTo, false) },
  clone: { rest: /^\S.* (?:full|linked)(?: -snapshot=\S+)?(?: -cloneName=\S+)?$/, run: clone },
  connectNamedDevice: { rest: /^sata0:\d$/, run: (file, [device = '']) => plug(file, device, true) },
  disconnectNamedDevice: { rest: /^sata0:\d$/, run: (file, [device = '']) => plug(file, device, false) },
}

noteCall(['vmrun', ...argv.slice(2)])
try {
  stdout.write(await vmrun(argv.slice(2)))
} catch (error) {
  if (!(error instanceof VmrunError)) throw error
  stdout.write(`Error: ${error.message}\n`)
  exit(255)
}

/** @param {readonly string[]} words @returns {Promise<string>} */
async function vmrun(words) {
  const [flag, type, command = '', file, ...rest] = words
  if (flag !== '-T' || (type !== 'ws' && type !== 'fusion'))
    throw new VmrunError('Invalid host type (stand-in: -T ws or -T fusion)')
  if (command === 'list' && file === undefined) {
    const running = runningMachines()
    return [`Total running VMs: ${running.length}`, ...running, ''].join('\n')
  }
  const known = commands[command]
  if (known === undefined) throw new VmrunError(`Unrecognized command: ${command}`)
  if (file === undefined || !known.rest.test(rest.join(' '))) throw new VmrunError('Invalid argument')
  if (!existsSync(file)) throw new VmrunError(`Cannot open VM: ${file}, The virtual machine cannot be found`)
  return await known.run(resolve(file), rest)
}

/** @param {string} file @returns {import('./state.mjs').RunningNote} */
function requireRunning(file) {
  const note = runningNote(file)
  if (note === undefined) throw new VmrunError(`The virtual machine is not powered on: ${file}`)
  return note
}

/** @param {string} file @returns {Promise<string>} */
async function start(file) {
  if (runningNote(file) !== undefined) return ''
  if (isLocked(file)) throw new VmrunError('The file is already in use')
  const child = spawn(execPath, [fileURLToPath(new URL('runner.mjs', import.meta.url)), file], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const lines = createInterface({ input: child.stdout })
  const said = await new Promise((resolveLine) => {
    lines.once('line', resolveLine)
    lines.once('close', () => resolveLine(''))
  })
  child.stdout.destroy()
  child.unref()
  const answer = said === '' ? { error: 'Unknown error' } : JSON.parse(said)
  if (answer.error !== undefined) throw new VmrunError(answer.error)
  return ''
}

/** @param {string} file @param {readonly string[]} rest @returns {Promise<string>} */
async function stop(file, [mode = 'soft']) {
  const note = requireRunning(file)
  if (mode === 'hard') await withMonitor(note.folder, quit)
  else {
    const { softStopSays } = knobs()
    if (softStopSays !== undefined) throw new VmrunError(softStopSays)
    await withMonitor(note.folder, pressPower)
  }
  while (runningNote(file) !== undefined) await delay(20)
  return ''
}

/** @param {string} file @returns {Promise<string>} */
async function resetMachine(file) {
  await withMonitor(requireRunning(file).folder, reset)
  return ''
}

/** @param {string} file @param {string} device @param {boolean} isIn @returns {Promise<string>} */
async function plug(file, device, isIn) {
  const { folder } = requireRunning(file)
  const vmx = readDictionary(readFileSync(file, 'utf8'))
  if (valueOf(vmx, `${device}.deviceType`) !== 'cdrom-image')
    throw new VmrunError(`The device "${device}" has no image (assumed)`)
  const drive = /** @type {const} */ ({ bus: 'sata', port: Number(device.at(-1)) })
  await withMonitor(folder, (qmp) => changeMedium(qmp, drive, isIn ? valueOf(vmx, `${device}.fileName`) : undefined))
  return ''
}

/** @param {string} file @param {string} name @returns {Promise<string>} */
async function snapshot(file, name) {
  if (readSnapshots(file).snapshots.some((each) => each.name === name))
    throw new VmrunError('The name already exists (assumed)')
  const note = runningNote(file)
  if (note === undefined) {
    const vmx = readDictionary(readFileSync(file, 'utf8'))
    takeSnapshot(file, vmx, name, resolve(dirname(file), valueOf(vmx, 'nvram') ?? `${basename(file, '.vmx')}.nvram`))
    writeFileSync(`${file}~`, writeDictionary(vmx))
    renameSync(`${file}~`, file)
    return ''
  }
  const socket = connect(snapshotSocket(note.folder))
  socket.write(`${name}\n`)
  let said = ''
  for await (const bytes of socket) said += bytes
  if (said !== 'done\n') throw new VmrunError(said.trim())
  return ''
}

/** @param {string} file @param {string} name @param {(file: string, snapshot: import('./snapshots.mjs').Snapshot) => void} act @param {boolean} isAlsoRunning @returns {Promise<string>} */
async function unlessRunning(file, name, act, isAlsoRunning) {
  const found = snapshotNamed(file, name)
  if (found === undefined) throw new VmrunError('The snapshot does not exist')
  if (!isAlsoRunning && runningNote(file) !== undefined) await stop(file, ['hard'])
  act(file, found)
  return ''
}

/** @param {string} file @param {readonly string[]} rest @returns {Promise<string>} */
async function clone(file, [target = '', kind, ...options]) {
  /** @param {string} name */
  const option = (name) => options.find((each) => each.startsWith(`-${name}=`))?.slice(name.length + 2)
  const name = option('snapshot')
  const found = name === undefined ? undefined : snapshotNamed(file, name)
  if (kind !== 'linked' || name === undefined) throw new VmrunError('this stand-in clones linked, from a snapshot')
  if (found === undefined) throw new VmrunError('The snapshot does not exist')
  if (existsSync(target)) throw new VmrunError('The file already exists')
  cloneLinked(file, found, resolve(target), option('cloneName') ?? basename(target, '.vmx'))
  return ''
}
