/** What snapshots and clones hold, without a guest: bytes on real disks, through the provider's own means. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dependentsOf } from '../../../providers/hyperv/chains.ts'
import { chooseHost } from '../../../providers/hyperv/host.ts'
import { infoOf } from '../../../providers/hyperv/info.ts'
import { notesWithMark } from '../../../providers/hyperv/mark-notes.ts'
import { Session } from '../../../providers/hyperv/session.ts'
import {
  deleteSnapshot,
  listSnapshots,
  restoreSnapshot,
  takeSnapshot,
  unneededCheckpoints,
} from '../../../providers/hyperv/snapshots.ts'
import type { MachineRef } from '../../../src/provider/machine.ts'
import { mintRunId, type Mark } from '../../../src/provider/mark.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { providerContext, testCall } from '../../support/test-environment.ts'

const unavailable = await missingForSimulator()

describe.skipIf(unavailable !== undefined)(`snapshots and clones${unavailable ? ` (${unavailable})` : ''}`, () => {
  let simulator: HyperVSimulator
  let session: Session

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    session = new Session(chooseHost('local'), providerContext({ env: simulator.env }))
  }, 900_000)
  afterAll(async () => {
    await session.close()
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
    const mark = { v: 1, tool: 'azl-vm 0', owner: '0123456789abcdef', runId: run, machineId: vmId, name } as const
    const rest: Omit<Mark, keyof typeof mark> = {
      creator: { pid: 1, startTime: '1', bootId: '01234567' },
      phase: 'ready',
      specDigest: '',
      created: '2026-01-01T00:00:00.000Z',
      provider: {},
    }
    const notes = notesWithMark('', { ...mark, ...rest }, vmId)
    const { stdout } = await simulator.run(
      'param($Id, $Notes) Hyper-V\\Set-VM -VM (Hyper-V\\Get-VM -Id $Id) -Notes $Notes',
      vmId,
      notes,
    )
    expect(stdout).toBe('')
    return { name, id: vmId }
  }
  const disks = async (ref: MachineRef) => (await infoOf(session, ref, testCall())).disks.map(({ where }) => where)
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
    takeSnapshot(session, ref, { name, created: '', runId: runId() }, testCall())
  const restore = (ref: MachineRef, name: string) =>
    restoreSnapshot(session, ref, { name, runId: runId() }, () => Promise.reject(new Error('it is off')), testCall())

  test('disks are what they were: on branches, after deletions', async () => {
    const ref = await make('content')
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
    await deleteSnapshot(session, ref, 'one', testCall())
    await restore(ref, 'branch')
    await requireHolds(ref, 40)
    await deleteSnapshot(session, ref, 'branch', testCall())
    await requireHolds(ref, 40)
    await restore(ref, 'two')
    await requireHolds(ref, 20)
    expect((await listSnapshots(session, ref, testCall())).map(({ name, parent }) => [name, parent])).toEqual([
      ['two', undefined],
    ])
    expect(await dependentsOf(session, ref, testCall())).toEqual([])
    expect(await unneededCheckpoints(session, ref.id, testCall())).toEqual([])
  })
})
