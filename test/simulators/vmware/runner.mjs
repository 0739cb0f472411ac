// @ts-check
// The process of one running machine (VMware's vmware-vmx): `runner.mjs VMX`. Says one JSON line once the machine runs, or
// why it does not, and ends with the machine.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join, resolve } from 'node:path'
import { argv, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { saveMemory } from '../qemu/control.mjs'
import { prepareFirmware } from '../qemu/firmware.mjs'
import { connectTo, removeSockets } from '../qemu/linux.mjs'
import { runMachine } from '../qemu/run.mjs'
import { DictionaryError, readDictionary, setValue, valueOf, writeDictionary } from './dictionary.mjs'
import { serveDisks } from './disks.mjs'
import { FirmwareWords } from './firmware-words.mjs'
import { Log } from './log.mjs'
import { describe, devices, Refusal } from './machine.mjs'
import { servePorts } from './ports.mjs'
import { bringMemory, memoryOf, memoryToGoOn, takeSnapshot } from './snapshots.mjs'
import { forgetRunning, knobs, lock, noteRunning, snapshotSocket, stateFolder, unlock } from './state.mjs'

const file = resolve(argv[2] ?? '')
const folder = dirname(file)
const firmwareSocket = 'firmware.sock'

stdout.on('error', () => undefined)
for (const name of ['SIGINT', 'SIGHUP']) process.on(name, () => undefined)

lock(file)
const log = new Log(folder)
log.write('vmx', `Log for VMware Workstation pid=${process.pid} version=17.6.2 (azl-vm's stand-in)`)
try {
  const vmx = readDictionary(readFileSync(file, 'utf8'))
  assignSlots(vmx)
  await run(vmx)
} catch (error) {
  if (!(error instanceof Refusal || error instanceof DictionaryError)) log.write('vmx', `stand-in: ${error}`)
  const said =
    error instanceof Refusal
      ? error.message
      : `Cannot open VM: ${file}: ${error instanceof Error ? error.message : error}`
  if (error instanceof Refusal) for (const line of error.logged) log.write('vmx', line)
  unlock(file)
  stdout.write(`${JSON.stringify({ error: said })}\n`)
}

/** VMware gives each PCIe device its slot at the first start and writes it into the .vmx. @param {import('./dictionary.mjs').Dictionary} vmx */
function assignSlots(vmx) {
  const wanted = devices(vmx, /^(?:nvme\d+|sata\d+|ethernet\d+)$/).map((device) => `${device}.pciSlotNumber`)
  wanted.forEach((key, index) => {
    if (valueOf(vmx, key) === undefined) setValue(vmx, key, String(160 + 32 * index))
  })
}

/** @param {import('./dictionary.mjs').Dictionary} vmx */
async function run(vmx) {
  const nvram = resolve(folder, valueOf(vmx, 'nvram') ?? `${basename(file, '.vmx')}.nvram`)
  const { startFails } = knobs()
  if (startFails !== undefined) {
    // As a first start that failed was seen to: slots that do not fit, and variables without the medium.
    writeFile(file, writeDictionary(vmx))
    writeFileSync(nvram, '')
    throw new Refusal(startFails.said, ...startFails.logged)
  }
  const runFolder = mkdtempSync(join(stateFolder, 'run-'))
  const isSecure = valueOf(vmx, 'uefi.secureBoot.enabled')?.toUpperCase() === 'TRUE'
  const isSilent = valueOf(vmx, 'efi.serialConsole.enabled')?.toUpperCase() === 'FALSE'
  const firmware = await firmwareIn(runFolder, nvram, isSecure, isSilent)
  const memory = memoryToGoOn(file, vmx)
  if (memory !== undefined) bringMemory(memory, runFolder)
  setValue(vmx, 'checkpoint.vmState', '')
  let session = await bringUp(vmx, runFolder, firmware, memory !== undefined)
  // What VMware writes of its own into the .vmx of a machine that runs.
  setValue(vmx, 'uuid.location', valueOf(vmx, 'uuid.bios') ?? '')
  setValue(vmx, 'cleanShutdown', 'FALSE')
  writeFile(file, writeDictionary(vmx))
  let isHeld = false
  const server = serveSnapshots(runFolder, async (name) => {
    isHeld = true
    const kept = join(runFolder, 'held.vmem')
    try {
      await saveMemory(session.machine.qmp, runFolder, kept)
    } catch (error) {
      await session.machine.qmp.execute('cont')
      isHeld = false
      throw error
    }
    await session.machine.qmp.execute('quit').catch(() => undefined)
    await session.machine.ended
    await session.disks.end()
    const vmsn = takeSnapshot(file, vmx, name, firmware.variables)
    renameSync(kept, memoryOf(vmsn))
    writeFile(file, writeDictionary(vmx))
    bringMemory(memoryOf(vmsn), runFolder)
    session = await bringUp(vmx, runFolder, firmware, true)
    await untilHeard(session.machine.qmp)
    await session.machine.qmp.execute('cont')
    isHeld = false
  })
  noteRunning({ vmx: file, pid: process.pid, folder: runFolder })
  if (memory === undefined) await session.machine.qmp.execute('cont')
  else void untilHeard(session.machine.qmp).then(() => session.machine.qmp.execute('cont'))
  log.write('vmx', 'Powering on guest')
  stdout.write(`${JSON.stringify({ running: true })}\n`)
  do {
    await session.machine.ended
    while (isHeld) await delay(10)
  } while (!session.isEnded())
  server.close()
  await session.disks.end()
  // The .vmx is VMware's while the machine runs: what others wrote into it is overwritten.
  setValue(vmx, 'cleanShutdown', 'TRUE')
  if (existsSync(folder)) {
    writeFile(file, writeDictionary(vmx))
    copyFileSync(firmware.variables, nvram)
  }
  session.ports.close()
  await removeSockets(runFolder)
  rmSync(runFolder, { recursive: true, force: true })
  forgetRunning(file)
  unlock(file)
}

/**
 * @param {import('./dictionary.mjs').Dictionary} vmx @param {string} runFolder
 * @param {import('../qemu/description.mjs').Firmware} firmware @param {boolean} hasMemoryFile
 */
async function bringUp(vmx, runFolder, firmware, hasMemoryFile) {
  const described = describe(vmx, folder)
  const ports = servePorts(described.serialPorts, runFolder)
  const disks = await serveDisks(described.disks, runFolder)
  const machine = await runMachine(
    { ...described, serialPorts: ports.ends, disks: disks.disks, firmware, hasMemoryFile },
    runFolder,
  )
  let isEnded = false
  void machine.ended.then(() => void (isEnded = true))
  ports.restrict()
  if (firmware.console !== undefined) await followFirmware(join(runFolder, firmware.console))
  return { machine, disks, ports, isEnded: () => isEnded }
}

/** A guest that goes on waits a moment for who listened before; VMware's pipe stays connected. @param {import('../qemu/qmp.mjs').Qmp} qmp */
async function untilHeard(qmp) {
  for (let waitedMs = 0; waitedMs < 3000; waitedMs += 20) {
    const devices = await qmp.execute('query-chardev')
    if (
      devices.some(
        (/** @type {any} */ { label, filename }) => label === 'serial0' && !filename.startsWith('disconnected:'),
      )
    )
      return
    await delay(20)
  }
}

/** vmrun asks for a snapshot here. @param {string} runFolder @param {(name: string) => Promise<void>} take */
function serveSnapshots(runFolder, take) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    createInterface({ input: socket }).once('line', (name) => {
      take(name).then(
        () => socket.end('done\n'),
        (error) => socket.end(`${error}\n`),
      )
    })
  })
  return server.listen(snapshotSocket(runFolder))
}

/**
 * The machine's own variables are its .nvram, which begins as the firmware's empty ones.
 * @param {string} runFolder @param {string} nvram @param {boolean} isSecure @param {boolean} isSilent
 * @returns {Promise<import('../qemu/description.mjs').Firmware>}
 */
async function firmwareIn(runFolder, nvram, isSecure, isSilent) {
  const firmware = await prepareFirmware(runFolder, 'x86_64', isSecure)
  if (existsSync(nvram)) copyFileSync(nvram, firmware.variables)
  if (!isSilent) return firmware
  return { ...firmware, code: join(stateFolder, 'firmware', basename(firmware.code)), console: firmwareSocket }
}

/** @param {string} path */
async function followFirmware(path) {
  const words = new FirmwareWords()
  const socket = await connectTo(path)
  socket.on('error', () => undefined)
  const lines = createInterface({ input: socket })
  lines.on('error', () => undefined)
  lines.on('line', (line) => {
    for (const text of words.hear(line)) log.write('vcpu-0', text)
  })
}

/** By a rename: who reads it sees all of it. @param {string} path @param {string} text */
function writeFile(path, text) {
  writeFileSync(`${path}~`, text)
  renameSync(`${path}~`, path)
}
