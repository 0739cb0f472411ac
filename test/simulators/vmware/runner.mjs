// @ts-check
// The process of one running machine (VMware's vmware-vmx): `runner.mjs VMX`. Says one JSON line once the machine runs, or
// why it does not, and ends with the machine.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { argv, stdout } from 'node:process'
import { prepareFirmware } from '../qemu/firmware.mjs'
import { runMachine } from '../qemu/run.mjs'
import { DictionaryError, readDictionary, setValue, valueOf, writeDictionary } from './dictionary.mjs'
import { FirmwareWords } from './firmware-words.mjs'
import { Log } from './log.mjs'
import { describe, devices, Refusal } from './machine.mjs'
import { forgetRunning, knobs, lock, noteRunning, stateFolder, unlock } from './state.mjs'

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
  const runFolder = mkdtempSync(join(tmpdir(), 'vmw-'))
  const described = describe(vmx, folder)
  const isSecure = valueOf(vmx, 'uefi.secureBoot.enabled')?.toUpperCase() === 'TRUE'
  const isSilent = valueOf(vmx, 'efi.serialConsole.enabled')?.toUpperCase() === 'FALSE'
  const firmware = await firmwareIn(runFolder, nvram, isSecure, isSilent)
  for (const port of described.serialPorts) if (port.kind === 'socket') rmSync(port.path, { force: true })
  const machine = await runMachine({ ...described, firmware }, runFolder)
  for (const port of described.serialPorts) if (port.kind === 'socket') spawnSync('chmod', ['0600', port.path])
  if (isSilent) followFirmware(join(runFolder, firmwareSocket))
  // What VMware writes of its own into the .vmx of a machine that runs.
  setValue(vmx, 'uuid.location', valueOf(vmx, 'uuid.bios') ?? '')
  setValue(vmx, 'cleanShutdown', 'FALSE')
  writeFile(file, writeDictionary(vmx))
  noteRunning({ vmx: file, pid: process.pid, folder: runFolder })
  await machine.qmp.execute('cont')
  log.write('vmx', 'Powering on guest')
  stdout.write(`${JSON.stringify({ running: true })}\n`)
  await machine.ended
  // The .vmx is VMware's while the machine runs: what others wrote into it is overwritten.
  setValue(vmx, 'cleanShutdown', 'TRUE')
  if (existsSync(folder)) {
    writeFile(file, writeDictionary(vmx))
    copyFileSync(firmware.variables, nvram)
  }
  for (const port of described.serialPorts) if (port.kind === 'socket') rmSync(port.path, { force: true })
  rmSync(runFolder, { recursive: true, force: true })
  forgetRunning(file)
  unlock(file)
}

/**
 * The machine's own variables are its .nvram, which begins as the firmware's empty ones.
 * @param {string} runFolder @param {string} nvram @param {boolean} isSecure @param {boolean} isSilent
 */
async function firmwareIn(runFolder, nvram, isSecure, isSilent) {
  const firmware = await prepareFirmware(runFolder, 'x86_64', isSecure)
  if (existsSync(nvram)) copyFileSync(nvram, firmware.variables)
  if (!isSilent) return firmware
  return { ...firmware, code: join(stateFolder, 'firmware', basename(firmware.code)), console: firmwareSocket }
}

/** @param {string} path */
function followFirmware(path) {
  const words = new FirmwareWords()
  const socket = connect(path)
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
