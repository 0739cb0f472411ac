// @ts-check
// In the place of VBoxHeadless: the process of one machine. It holds the machine's lock, boots what the settings say in
// QEMU, and ends when that is off.
import { copyFileSync, createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { resume } from '../qemu/control.mjs'
import { memoryFile } from '../qemu/description.mjs'
import { runMachine } from '../qemu/run.mjs'
import { describeMachine, disksIn, firmwareSocket, readInfo } from './describe.mjs'
import { copyDisk, workFile, writeBack } from './disks.mjs'
import { lockMachine } from './lock.mjs'
import { heldFolder, isRun, machineFolder, runFolder, savedSnapshot, setSaved, writeState } from './places.mjs'

const { values } = parseArgs({
  options: { startvm: { type: 'string' }, 'start-paused': { type: 'boolean' }, vrde: { type: 'string' } },
})
const id = values.startvm ?? ''

try {
  console.log('Oracle VirtualBox Headless Interface, played')
  await run()
} catch (error) {
  console.error(`VBoxHeadless: error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

async function run() {
  if (isRun(id)) throw new Error(`The machine '${id}' is already locked for a session (or being unlocked) (0x80bb0007)`)
  const lock = await lockMachine(id)
  const folder = runFolder(id)
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    mkdirSync(machineFolder(id), { recursive: true })
    writeFileSync(join(folder, 'pid'), String(process.pid))
    const info = await readInfo(id)
    const saved = savedSnapshot(id)
    writeState(id, saved === undefined ? 'starting' : 'restoring')
    for (const disk of disksIn(info)) await copyDisk(id, disk)
    const memory = saved === undefined ? undefined : join(heldFolder(saved), memoryFile)
    if (memory !== undefined) copyFileSync(memory, join(folder, memoryFile))
    const described = await describeMachine(id, info, (disk) => workFile(id, disk))
    const machine = await runMachine({ ...described, hasMemoryFile: memory !== undefined }, folder, (name) => {
      if (name === 'RESUME') writeState(id, 'running')
      else if (name === 'STOP' && existsSync(folder)) writeState(id, 'paused')
    })
    connect(join(folder, firmwareSocket)).pipe(createWriteStream(join(folder, 'firmware.txt')))
    setSaved(id, undefined)
    writeState(id, 'paused')
    if (values['start-paused'] !== true) await resume(machine.qmp)
    await machine.ended
    writeState(id, 'stopping')
    await writeBack(id)
  } finally {
    await lock.release()
    rmSync(folder, { recursive: true, force: true })
  }
}
