/** What the doubles of hypervisors describe is what a guest sees, and they can do to it what a hypervisor can. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { execa } from 'execa'
import { createProbeReader, type ProbeReader } from 'boot-probe'
import { assetPath } from '../../../src/assets.ts'
import { ensureProbeIso, probeVolumeLabel } from '../../../src/media/probe-iso.ts'
import {
  changeMedium,
  changeSerial,
  isRunning,
  pause,
  quit,
  reset,
  resume,
  saveMemory,
  screenshot,
  setLink,
  withMonitor,
} from '../../simulators/qemu/control.mjs'
import { memoryFile, type QemuMachine } from '../../simulators/qemu/description.mjs'
import { prepareFirmware } from '../../simulators/qemu/firmware.mjs'
import { flashWriter } from '../../support/flash-writer.mjs'
import { runMachine, type RunningMachine } from '../../simulators/qemu/run.mjs'

const MiB = 1024 ** 2
let folder: string
let running: RunningMachine | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-qemu-'))
})
afterEach(async () => {
  running?.kill()
  await running?.ended
  await rm(folder, { recursive: true, force: true })
})

interface Heard {
  readonly socket: Socket
  text: string
  until(isMet: () => boolean): Promise<void>
}

async function hear(onBytes: (bytes: Buffer) => void = () => undefined): Promise<Heard> {
  const socket = connect(join(folder, 'com1.sock'))
  await once(socket, 'connect')
  // QEMU goes by a kill at the end.
  socket.on('error', () => undefined)
  const heard: Heard = {
    socket,
    text: '',
    until: async (isMet) => {
      while (!isMet()) await once(socket, 'data')
    },
  }
  socket.on('data', (bytes: Buffer) => {
    heard.text += bytes.toString('latin1')
    onBytes(bytes)
  })
  return heard
}

async function describedMachine(): Promise<QemuMachine> {
  await mkdir(folder, { recursive: true })
  const binary = await readFile(assetPath('packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
  const iso = await ensureProbeIso(folder, { arch: 'x86_64', then: 'wait', binary })
  const disk = join(folder, 'a,b.qcow2')
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', disk, String(64 * MiB)])
  return {
    name: 'described, with a comma',
    uuid: '5f2c9a01-0000-4000-8000-000000000001',
    architecture: 'x86_64',
    cpus: 2,
    memoryBytes: 256 * MiB,
    firmware: await prepareFirmware(folder, 'x86_64', false),
    tpm: { stateFolder: join(folder, 'tpm') },
    disks: [{ bus: 'sata', port: 0, bootIndex: 0, source: { file: disk, format: 'qcow2' } }],
    opticalDrives: [
      { bus: 'sata', port: 1, bootIndex: 1, medium: iso.path },
      { bus: 'sata', port: 2, bootIndex: 2 },
    ],
    networks: [{ model: 'virtio-net-pci', mac: '52:54:00:12:34:56', isConnected: true }],
    serialPorts: [{ kind: 'socket', path: 'com1.sock' }],
  }
}

/** Boots the machine until the probe in its first drive has said all. */
async function bootProbe(machine: QemuMachine): Promise<ProbeReader> {
  running = await runMachine(machine, folder)
  const reader = createProbeReader()
  const heard = await hear((bytes) => reader.feed(bytes))
  await resume(running.qmp)
  await heard.until(() => reader.state === 'complete')
  return reader
}

test('the guest sees what was described, and goes on from its memory in another QEMU', async () => {
  const machine = await describedMachine()
  const reader = await bootProbe(machine)
  expect(reader.report).toMatchObject({
    processors: 2,
    memoryBytes: 256 * MiB,
    system: { uuid: machine.uuid },
    disks: [{ sizeBytes: 64 * MiB }],
    nics: [{ mac: '52:54:00:12:34:56' }],
    tpm: { isPresent: true },
  })
  expect(reader.report?.opticalDrives.map(({ label, isBooted }) => [label, isBooted])).toEqual([
    [probeVolumeLabel, true],
    [null, false],
  ])

  const image = join(folder, 'screen.png')
  await withMonitor(folder, async (qmp) => {
    await screenshot(qmp, image)
    await saveMemory(qmp, folder, join(folder, memoryFile))
    await quit(qmp)
  })
  expect((await readFile(image)).subarray(1, 4).toString()).toBe('PNG')
  await running?.ended

  running = await runMachine({ ...machine, hasMemoryFile: true }, folder)
  const again = await hear()
  await resume(running.qmp)
  again.socket.write('ping again\r')
  await again.until(() => again.text.includes('ping again'))
  expect(again.text, 'it was not booted anew').not.toContain('BdsDxe')
})

test('media, serial port and cable of a running machine are changed; a reset begins it anew, a paused one runs then', async () => {
  const machine = await describedMachine()
  await bootProbe(machine)
  const [first, second] = machine.opticalDrives
  const said = join(folder, 'said.log')
  await withMonitor(folder, async (qmp) => {
    await changeMedium(qmp, first!, undefined)
    await changeMedium(qmp, second!, first!.medium)
    await setLink(qmp, 0, false)
    await changeSerial(qmp, 0, { kind: 'file', path: said })
    await pause(qmp)
    expect(await isRunning(qmp)).toBe(false)
    await reset(qmp)
    expect(await isRunning(qmp)).toBe(true)
  })
  const again = createProbeReader()
  await expect
    .poll(
      async () => {
        const text = await readFile(said)
        const fresh = createProbeReader()
        fresh.feed(text)
        if (fresh.state === 'complete') again.feed(text)
        return fresh.state
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe('complete')
  expect(again.report?.opticalDrives.map(({ label, isBooted }) => [label, isBooted])).toEqual([
    [null, false],
    [probeVolumeLabel, true],
  ])
  await withMonitor(folder, (qmp) => changeSerial(qmp, 0, { kind: 'socket', path: 'com1.sock' }))
  const back = await hear()
  back.socket.write('ping back\r')
  await back.until(() => back.text.includes('ping back'))
})

test('a machine is turned off while it writes a variable', async () => {
  // Where QEMU hung, one of two to five did (7.2.22): six that end show that none does.
  const writers: (RunningMachine & { readonly folder: string })[] = []
  try {
    for (let count = 0; count < 6; count++) {
      const own = join(folder, String(count))
      await mkdir(own)
      const firmware = flashWriter(own)
      const machine: QemuMachine = {
        ...{ name: 'writer', uuid: '5f2c9a01-0000-4000-8000-000000000002', architecture: 'x86_64', firmware },
        ...{ cpus: 1, memoryBytes: 64 * MiB, disks: [], opticalDrives: [], networks: [], serialPorts: [] },
      }
      const writer = await runMachine(machine, own)
      writers.push({ ...writer, folder: own })
      await resume(writer.qmp)
      await expect.poll(async () => (await readFile(firmware.variables))[0], { timeout: 60_000 }).toBe(0)
    }
    for (const writer of writers) {
      await withMonitor(writer.folder, quit)
      await writer.ended
    }
  } finally {
    for (const writer of writers) writer.kill()
    await Promise.all(writers.map(({ ended }) => ended))
  }
})

test('a machine that cannot be started says why in QEMU’s words', async () => {
  const machine = await describedMachine()
  const absent = {
    ...machine,
    disks: [{ ...machine.disks[0]!, source: { file: '/nowhere', format: 'qcow2' as const } }],
  }
  await expect(runMachine(absent, folder)).rejects.toThrow('/nowhere')
})
