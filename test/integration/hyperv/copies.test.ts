/** What snapshots and clones hold, without a guest: bytes on real disks, through the provider's own means. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definition } from '../../../providers/hyperv/index.ts'
import { notesWithMark } from '../../../providers/hyperv/mark-notes.ts'
import { readDiskImage } from '../../../src/media/disk-image.ts'
import type { Provider } from '../../../src/provider/contract.ts'
import type { MachineRef } from '../../../src/provider/machine.ts'
import { mintRunId, type Mark } from '../../../src/provider/mark.ts'
import type { CloneRequest } from '../../../src/provider/snapshot.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()

describeWhere('snapshots and clones', unavailable, () => {
  let simulator: HyperVSimulator
  let provider: Provider

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    provider = await definition.open('local', providerContext({ env: simulator.env }))
  }, 900_000)
  afterAll(async () => {
    await provider.close()
    await simulator.stop()
  })

  let runs = 0
  const runId = (): string => {
    runs += 1
    return mintRunId(
      '0123456789abcdef',
      { pid: 1, startTime: '1', bootId: '01234567' },
      new Date(Date.UTC(2026, 0, 1) + runs),
    )
  }
  const markOf = (name: string, machineId: string, run: string): Mark => ({
    v: 1,
    tool: 'azl-vm 0',
    owner: '0123456789abcdef',
    runId: run,
    machineId,
    name,
    creator: { pid: 1, startTime: '1', bootId: '01234567' },
    phase: 'ready',
    specDigest: '',
    created: '2026-01-01T00:00:00.000Z',
    provider: {},
  })
  const make = async (name: string): Promise<MachineRef> => {
    const run = runId()
    const made = await simulator.run(
      `
param($Root, $Run, $Name)
$vm = Hyper-V\\New-VM -Name "azl-vm-$Run" -Path $Root -Generation 2 -NoVHD
foreach ($index in 0, 1) {
    $path = [IO.Path]::Combine($vm.Path, "disk$index.vhdx")
    $null = Hyper-V\\New-VHD -Path $path -SizeBytes 67108864 -Dynamic
    Hyper-V\\Add-VMHardDiskDrive -VM $vm -Path $path
}
Hyper-V\\Set-VM -VM $vm -CheckpointType Standard -AutomaticCheckpointsEnabled $false
Hyper-V\\Rename-VM -VM $vm -NewName $Name
[string]$vm.Id`,
      simulator.folder,
      run,
      name,
    )
    const vmId = made.stdout.trim()
    const notes = notesWithMark('', markOf(name, vmId, run), vmId)
    const { stdout } = await simulator.run(
      'param($Id, $Notes) Hyper-V\\Set-VM -VM (Hyper-V\\Get-VM -Id $Id) -Notes $Notes',
      vmId,
      notes,
    )
    expect(stdout).toBe('')
    return { name, id: vmId }
  }
  const disks = async (ref: MachineRef) => (await provider.inspect(ref, testCall())).disks.map(({ where }) => where)
  const qemuIo = async (path: string, command: string): Promise<string> => {
    // A differencing disk is a qcow2 file here, whatever it is called.
    const { stdout: kind } = await promisify(execFile)('head', ['-c', '3', path])
    return (await promisify(execFile)('qemu-io', ['-f', kind === 'QFI' ? 'qcow2' : 'vhdx', '-c', command, path])).stdout
  }
  const write = async (ref: MachineRef, byte: number): Promise<void> => {
    for (const [index, path] of (await disks(ref)).entries())
      await qemuIo(path, `write -P ${String(byte + index)} 0 64k`)
  }
  const requireHolds = async (ref: MachineRef, byte: number): Promise<void> => {
    for (const [index, path] of (await disks(ref)).entries())
      expect(await qemuIo(path, `read -P ${String(byte + index)} 0 64k`)).not.toContain('failed')
  }
  const take = (ref: MachineRef, name: string) =>
    provider.snapshot(ref, { name, created: '', runId: runId() }, testCall())
  const restore = (ref: MachineRef, name: string) => provider.restore(ref, { name, runId: runId() }, testCall())
  const listed = async (ref: MachineRef) =>
    (await provider.listSnapshots(ref, testCall())).map(({ name, parent, isCurrent }) => [name, parent, isCurrent])
  const folderOf = async (ref: MachineRef) => dirname((await disks(ref))[0] ?? '')
  const cloneOf = (of: MachineRef, name: string, snapshot?: string): CloneRequest => {
    const mark = { ...markOf(name, randomUUID(), runId()), cloneOf: { name: of.name, machineId: of.id } }
    return { ref: { name, id: mark.machineId }, mark, macs: [], ...(snapshot === undefined ? {} : { snapshot }) }
  }

  test('disks are what they were: on branches, after deletions, in clones of clones', async () => {
    const ref = await make('content')
    const clones = [cloneOf(ref, 'twin', 'one'), cloneOf(ref, 'third'), cloneOf(ref, 'fourth', 'two')] as const
    await write(ref, 10)
    expect(await take(ref, 'one')).toMatchObject({ name: 'one', hasMemory: false, isCurrent: true })
    await write(ref, 20)
    await take(ref, 'two')
    await write(ref, 30)
    expect(await restore(ref, 'ONE')).toEqual({ state: 'off', outputs: {} })
    await requireHolds(ref, 10)
    await write(ref, 40)
    await take(ref, 'branch')
    await restore(ref, 'two')
    await requireHolds(ref, 20)
    await provider.clone(ref, clones[0], testCall())
    await requireHolds(clones[0].ref, 10)
    await write(clones[0].ref, 50)
    await provider.clone(clones[0].ref, clones[1], testCall())
    await write(clones[0].ref, 60)
    await requireHolds(clones[1].ref, 50)
    await requireHolds(ref, 20)
    expect(await provider.dependents(ref, testCall())).toEqual([clones[0].ref])
    expect(await provider.dependents(clones[0].ref, testCall())).toEqual([clones[1].ref])
    await expect(provider.destroy(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    await provider.deleteSnapshot(ref, 'one', testCall())
    expect(await listed(ref)).toEqual([
      ['two', undefined, true],
      ['branch', undefined, false],
    ])
    await restore(ref, 'branch')
    await requireHolds(ref, 40)
    await requireHolds(clones[0].ref, 60)
    await provider.deleteSnapshot(ref, 'branch', testCall())
    await requireHolds(ref, 40)
    await restore(ref, 'two')
    await requireHolds(ref, 20)
    // From a layer, whose name Hyper-V would refuse.
    await provider.clone(ref, clones[2], testCall())
    await requireHolds(clones[2].ref, 20)
    for (const clone of clones.toReversed()) await provider.destroy(clone.ref, testCall())
    await provider.deleteSnapshot(ref, 'two', testCall())
    await requireHolds(ref, 20)
    expect(await provider.leftovers(testCall())).toEqual([])
    // All that was laid over the first disks is merged into them again.
    const files = (await readdir(await folderOf(ref))).filter((name) => name.startsWith('disk'))
    expect(files.sort()).toEqual(['disk0.vhdx', 'disk1.vhdx'])
    await provider.destroy(ref, testCall())
    expect(await provider.list(testCall())).toEqual([])
  }, 900_000)

  test('an export holds what the disk and all below it hold; one that is cut off is found by gc, and taken away', async () => {
    const ref = await make('exported')
    await write(ref, 10)
    await take(ref, 'one')
    const [top = ''] = await disks(ref)
    await qemuIo(top, 'write -P 20 1M 64k')
    for (const [format, driver] of [
      ['vhdx', 'vhdx'],
      ['vhd', 'vpc'],
      ['vhd-fixed', 'vpc'],
    ] as const) {
      const file = join(simulator.folder, `exported.${format}`)
      await provider.exportDisk(ref, { file, format, runId: runId() }, testCall())
      expect(await readDiskImage(file, format)).toEqual({ format, sizeBytes: 64 * 1024 ** 2, hasParent: false })
      const { stdout } = await promisify(execFile)('qemu-io', [
        ...['-f', driver, '-c', 'read -P 10 0 64k', '-c', 'read -P 20 1M 64k', file],
      ])
      expect(stdout).not.toContain('failed')
    }
    const before = await readdir(await folderOf(ref))
    const controller = new AbortController()
    const file = join(simulator.folder, 'cut.vhdx')
    const cut = provider.exportDisk(ref, { file, format: 'vhdx', runId: runId() }, testCall(controller.signal))
    controller.abort()
    await expect(cut).rejects.toMatchObject({ code: 'cancelled' })
    expect(await readdir(await folderOf(ref))).toEqual(before)
    const run = runId()
    await writeFile(join(await folderOf(ref), `disk0-${run}.vhdx`), '')
    const [leftover] = await provider.leftovers(testCall())
    expect(leftover).toMatchObject({ runId: run })
    expect(await provider.removeLeftover(leftover!, testCall())).toBe(true)
    expect(await readdir(await folderOf(ref))).toEqual(before)
    await provider.destroy(ref, testCall())
  }, 900_000)
})
