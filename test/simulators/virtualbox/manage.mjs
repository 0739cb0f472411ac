// @ts-check
// In the place of VBoxManage where a machine runs, or goes on from its memory. All that it answers itself is below; the
// rest is the real one's.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  changeMedium,
  isRunning,
  pause,
  pressPower,
  quit,
  reset,
  resume,
  saveMemory,
  screenshot,
  setLink,
  withMonitor,
} from '../qemu/control.mjs'
import { memoryFile } from '../qemu/description.mjs'
import { driveIn, readInfo } from './describe.mjs'
import { writeBack } from './disks.mjs'
import { heldFolder, isRun, machineFolder, playedState, runFolder, savedSnapshot, setSaved } from './places.mjs'
import { ask } from './real.mjs'

const [verb = '', ...rest] = process.argv.slice(2)
// People name machines; the stand-in goes by UUID.
if (verb === 'controlvm' || verb === 'startvm') rest[0] = await machineId(rest[0] ?? '')

/** @type {Readonly<Record<string, () => Promise<void>>>} */
const verbs = { list, controlvm, storageattach, snapshot, discardstate, startvm }

try {
  await verbs[verb]?.()
} catch (error) {
  console.error(`VBoxManage: error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

/** Hands over to the real one, and ends as it did. */
async function real() {
  const { exitCode, stdout, stderr } = await ask(verb, ...rest)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = exitCode
}

async function list() {
  const { exitCode, stdout, stderr } = await ask(verb, ...rest)
  let text = stdout
  for (const [, id = ''] of stdout.matchAll(/^UUID: +([0-9a-f-]{36})\n^Config file:/gm)) {
    const word = playedState(id)
    if (word !== undefined)
      text = text.replace(new RegExp(`(^UUID: +${id}\\n[\\s\\S]*?^State: +)[^(\\n]+`, 'm'), `$1${word} `)
  }
  process.stdout.write(text)
  process.stderr.write(stderr)
  process.exitCode = exitCode
}

async function controlvm() {
  const [id = '', act = '', ...more] = rest
  if (!isRun(id)) {
    await real()
    return
  }
  const folder = runFolder(id)
  const word = playedState(id)
  /** @param {readonly string[]} words */
  const until = async (...words) => {
    while (isRun(id) && !words.includes(playedState(id) ?? '')) await delay(10)
  }
  const refuse = () => {
    throw new Error(`Invalid machine state: ${word} (0x80bb0002)`)
  }
  switch (act) {
    case 'resume':
      if (word !== 'paused') refuse()
      await withMonitor(folder, resume)
      await until('running')
      return
    case 'pause':
      if (word !== 'running') refuse()
      await withMonitor(folder, pause)
      await until('paused')
      return
    case 'reset':
      if (word !== 'running') refuse()
      await withMonitor(folder, reset)
      return
    case 'acpipowerbutton':
      if (word !== 'running') refuse()
      await withMonitor(folder, pressPower)
      return
    case 'poweroff':
      await withMonitor(folder, quit).catch(() => undefined)
      while (isRun(id)) await delay(10)
      return
    case 'screenshotpng':
      await withMonitor(folder, (qmp) => screenshot(qmp, more[0] ?? ''))
      return
    default: {
      const slot = /^setlinkstate(\d)$/.exec(act)?.[1]
      if (slot === undefined) throw new Error(`the stand-in does not play controlvm ${act}`)
      await withMonitor(folder, (qmp) => setLink(qmp, Number(slot) - 1, more[0] === 'on'))
      return
    }
  }
}

/** The real one's settings first, which refuses what a running machine does not take; then the guest’s drive. */
async function storageattach() {
  await real()
  const [id = ''] = rest
  if (process.exitCode !== 0 || !isRun(id)) return
  const port = Number(rest[rest.indexOf('--port') + 1])
  const { medium } = driveIn(await readInfo(id), port)
  await withMonitor(runFolder(id), (qmp) => changeMedium(qmp, { bus: 'sata', port }, medium))
}

async function discardstate() {
  const [id = ''] = rest
  if (savedSnapshot(id) === undefined) await real()
  setSaved(id, undefined)
}

/** As a person starts it: the process goes on, the call ends when the machine runs. */
async function startvm() {
  const [id = '', ...options] = rest
  if (options.join(' ') !== '--type headless') throw new Error('the stand-in plays startvm --type headless only')
  const program = join(dirname(fileURLToPath(import.meta.url)), 'headless.mjs')
  const child = spawn(process.execPath, [program, '--startvm', id], { detached: true, stdio: 'ignore' })
  child.unref()
  while (playedState(id) !== 'running') {
    if (child.exitCode !== null)
      throw new Error(`The virtual machine '${id}' has terminated unexpectedly during startup`)
    await delay(10)
  }
}

/** @param {string} name or UUID */
async function machineId(name) {
  const { stdout } = await ask('showvminfo', name, '--machinereadable')
  return /^UUID="([0-9a-f-]{36})"/m.exec(stdout)?.[1] ?? name
}

/** A snapshot of a machine that runs holds its memory; VirtualBox itself holds disks and settings. */
async function snapshot() {
  const [id = '', act = '', name = ''] = rest
  if (act === 'take') await takeSnapshot(id)
  else if (act === 'restore') await restoreSnapshot(id, name)
  else if (act === 'delete') await deleteSnapshot(id, name)
  else await real()
}

/** @param {string} id */
async function takeSnapshot(id) {
  const wasRun = isRun(id)
  if (!wasRun) {
    await hold(id, await take())
    return
  }
  const folder = runFolder(id)
  await withMonitor(folder, async (qmp) => {
    const wasRunning = await isRunning(qmp)
    const memory = join(folder, 'held.bin')
    await saveMemory(qmp, folder, memory)
    await writeBack(id)
    const uuid = await take()
    if (uuid !== undefined) {
      await hold(id, uuid)
      cpSync(memory, join(heldFolder(uuid), memoryFile))
    }
    rmSync(memory)
    if (wasRunning) await resume(qmp)
  })

  async function take() {
    const { exitCode, stdout, stderr } = await ask(verb, ...rest)
    process.stdout.write(stdout)
    process.stderr.write(stderr)
    process.exitCode = exitCode
    return /UUID: ([0-9a-f-]{36})/.exec(stdout)?.[1]
  }
}

/** @param {string} id @param {string | undefined} uuid of the snapshot */
async function hold(id, uuid) {
  if (uuid === undefined) return
  mkdirSync(heldFolder(uuid), { recursive: true })
  if (existsSync(machineFolder(id))) cpSync(machineFolder(id), join(heldFolder(uuid), 'machine'), { recursive: true })
}

/** @param {string} id @param {string} name */
async function restoreSnapshot(id, name) {
  const uuid = await uuidOf(id, name)
  await real()
  if (process.exitCode !== 0 || uuid === undefined) return
  const held = join(heldFolder(uuid), 'machine')
  rmSync(machineFolder(id), { recursive: true, force: true })
  if (existsSync(held)) cpSync(held, machineFolder(id), { recursive: true })
  setSaved(id, existsSync(join(heldFolder(uuid), memoryFile)) ? uuid : undefined)
}

/** @param {string} id @param {string} name */
async function deleteSnapshot(id, name) {
  const uuid = await uuidOf(id, name)
  await real()
  if (process.exitCode === 0 && uuid !== undefined) rmSync(heldFolder(uuid), { recursive: true, force: true })
}

/** @param {string} id @param {string} name or UUID */
async function uuidOf(id, name) {
  const { stdout } = await ask('snapshot', id, 'list', '--machinereadable')
  const found = [...stdout.matchAll(/^SnapshotName([-\d]*)="(.*)"\nSnapshotUUID\1="([0-9a-f-]{36})"/gm)]
  return found.find(([, , title, uuid]) => title === name || uuid === name)?.[3]
}
