/**
 * A Hyper-V host on a bad day: slow to begin, silent or refusing, its serial port not there, files held by merges.
 */
import { mkdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Call, Provider } from '../../../src/provider/contract.ts'
import type { MachineRef } from '../../../src/provider/machine.ts'
import { readNote, recorderFolder } from '../../../src/recorder/recorder-folder.ts'
import { listener, type Bench } from '../../contract/contract-bench.ts'
import { until } from '../../support/e2e-process.ts'
import { HyperVBench } from '../../support/hyperv-bench.ts'
import { missingForSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { parentOf } from '../../support/parent-of.ts'
import { testCall } from '../../support/test-environment.ts'
import { exists } from '../../support/tool-world.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()
const withDisk = 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }'

describeWhere('a Hyper-V host on a bad day', unavailable, () => {
  let host: HyperVBench
  let simulator: HyperVSimulator
  let provider: Provider
  let bench: Bench
  beforeAll(async () => {
    host = await HyperVBench.begin()
    ;({ simulator, provider, bench } = host)
  }, 900_000)
  afterAll(() => host.end())

  test('a module that is slow to come and says so, and an OEM code page, change no answer', async () => {
    const knobs = { importDelayMs: 700, importProgress: true, outputEncoding: '850', localized: true } as const
    const place = join(host.folder, 'Maschinen für “Tests”')
    await mkdir(place)
    const request = await bench.make('slow', withDisk, `storage: { path: ${JSON.stringify(place)} }`)
    const seen = await host.withKnobs(knobs, async (other) => {
      await other.updateMark(request.ref, { phase: 'failed' }, testCall())
      return await other.inspect(request.ref, testCall())
    })
    expect(seen).toMatchObject({ ref: request.ref, state: 'off', mark: { phase: 'failed' } })
    expect(seen.disks[0]?.where.startsWith(place)).toBe(true)
    await bench.destroy(request.ref)
  })

  test('without rights, whether Hyper-V says so or is silent: permission-denied, and nothing is believed', async () => {
    const request = await bench.make('denied', withDisk)
    for (const rights of ['none-error', 'none-silent'] as const)
      await host.withKnobs({ rights }, async (other) => {
        for (const asked of [
          () => other.list(testCall()),
          () => other.destroy(request.ref, testCall()),
          () => other.start(request.ref, testCall()),
        ])
          await expect(asked()).rejects.toMatchObject({ code: 'permission-denied' })
      })
    expect(await provider.findByName('denied', testCall())).toHaveLength(1)
    await bench.destroy(request.ref)
  })

  test('the port is absent, then busy, then another’s: all are waited for; gone at power-off, it is heard from the first byte again', async () => {
    const { ref } = await bench.make('heard', withDisk)
    await simulator.setKnobs({ faults: { 'Start-VM': 'out-of-memory' } })
    await expect(provider.start(ref, testCall())).rejects.toMatchObject({ code: 'resource-busy' })
    expect((await provider.inspect(ref, testCall())).state).toBe('off')

    await simulator.setKnobs({ pipeAbsentMs: 1500, pipeBusyMs: 700 })
    const late = listener()
    const lateConsole = await provider.openConsole(
      ref,
      { port: 'firmware', force: false, onData: late.onData },
      testCall(),
    )
    await provider.start(ref, testCall())
    await until('an answer', async () => {
      // The guest may not be there yet to read it.
      await lateConsole.write(Buffer.from('\rping late\r'))
      return late.text.includes('"text":"ping late"') || undefined
    })
    await lateConsole.write(Buffer.from('off\r'))
    expect(await lateConsole.ended).toEqual({ why: 'machine-off' })

    await simulator.setKnobs({})
    const again = listener()
    const console = await provider.openConsole(
      ref,
      { port: 'firmware', force: false, onData: again.onData },
      testCall(),
    )
    await provider.start(ref, testCall())
    await again.until('the report', () => ['complete', 'damaged'].includes(again.reader.state))
    expect(again.reader).toMatchObject({ state: 'complete', problem: undefined })
    await console.close()
    await provider.stop(ref, { mode: 'force', timeoutMs: 30_000 }, testCall())

    // Somebody else is there first, and leaves once our recorder has met it.
    const killed = (await noteOf(ref))?.pid ?? 0
    // With the shell that would begin it again.
    process.kill(await parentOf(killed), 'SIGKILL')
    process.kill(killed, 'SIGKILL')
    const socket = await takePort(ref)
    const taken = listener()
    const opened = provider.openConsole(ref, { port: 'firmware', force: false, onData: taken.onData }, testCall())
    await until('our recorder is there', async () => (await noteOf(ref))?.pid !== killed || undefined)
    socket.destroy()
    const takenConsole = await opened
    await until('an answer', async () => {
      await takenConsole.write(Buffer.from('\rping taken\r'))
      return taken.text.includes('"text":"ping taken"') || undefined
    })
    await takenConsole.close()
    await bench.destroy(ref)
  }, 300_000)

  test('a port that hangs up and is busy at a reset is waited for: the same console hears the guest begin anew', async () => {
    const { ref } = await bench.make('reset', withDisk)
    await simulator.setKnobs({ pipeBusyMs: 700 })
    const heard = listener()
    const console = await provider.openConsole(
      ref,
      { port: 'firmware', force: false, onData: heard.onData },
      testCall(),
    )
    await provider.start(ref, testCall())
    await heard.until('the report', () => heard.reader.state === 'complete')
    const before = heard.text.length
    await provider.reset(ref, testCall())
    // Typed while the port is away: it waits, though a guest that only begins may not read it.
    await console.write(Buffer.from('\r'))
    await heard.until('the report anew', () => heard.text.includes('"type":"end"', before))
    expect(heard.text.slice(before)).toContain('"azl":"probe","v":1,"seq":0')
    await console.write(Buffer.from('\rping after\r'))
    await heard.until('an answer', () => heard.text.includes('"text":"ping after"'))
    await console.close()
    await simulator.setKnobs({})
    await bench.destroy(ref)
  })

  const noteOf = ({ id }: MachineRef) => readNote(recorderFolder(join(host.recordings, 'hyperv'), id))

  /** Starts the machine by hand, without our recorder, and holds its port as another program would. */
  async function takePort(ref: MachineRef): Promise<Socket> {
    const { stdout } = await simulator.run(
      String.raw`param($Name) $vm = @(Hyper-V\Get-VM | Where-Object { $_.Name -eq $Name })[0]; Hyper-V\Start-VM -VM $vm; $vm.ComPort1.Path`,
      ref.name,
    )
    const socket = connect(simulator.pipePath(stdout.trim()))
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject)
    })
    return socket
  }

  test('destroy waits for files that a merge holds; what stays held is told, and gc takes it later', async () => {
    const before = await host.inventory()
    const held = await merging('held')
    // The look before the machine goes, the first one after it, and one more.
    let looks = 0
    const call: Call = {
      ...testCall(),
      debug: (_, detail) => {
        if (JSON.stringify([detail]).includes('"verb":"remove-files"')) looks += 1
        if (looks === 3) void endMerges()
      },
    }
    expect(await provider.destroy(held, call)).toMatchObject({ kept: [] })
    expect(await host.inventory()).toEqual(before)

    const long = await merging('long')
    let later = 0
    const impatient = await host.open(() => new Date(Date.now() + (later += 61_000)))
    const { kept } = await impatient.destroy(long, testCall())
    expect(kept).toMatchObject([
      {
        what: expect.stringMatching(/disk0\.vhdx$/) as string,
        why: expect.stringContaining('used by another process') as string,
        isOurs: true,
      },
    ])
    await endMerges()
    const leftovers = await provider.leftovers(testCall())
    expect(leftovers.map(({ what }) => what)).toEqual([expect.stringMatching(/^folder /)])
    for (const leftover of leftovers) expect(await provider.removeLeftover(leftover, testCall())).toBe(true)
    expect(await host.inventory()).toEqual(before)
  })

  test('a deleted snapshot is gone when its disks are merged, and not before', async () => {
    const { ref } = await bench.make('merged', withDisk)
    await provider.snapshot(ref, { name: 'one', created: '', runId: bench.runId() }, testCall())
    await simulator.setKnobs({ mergeMs: untilToldOtherwise })
    let isOver = false
    const deleted = provider.deleteSnapshot(ref, 'one', testCall()).then(() => (isOver = true))
    await until('Hyper-V merges', () => exists(heldFiles()))
    expect((await provider.listSnapshots(ref, testCall())).map(({ name }) => name)).toEqual([])
    expect(isOver).toBe(false)
    await simulator.setKnobs({})
    await endMerges()
    await deleted
    await bench.destroy(ref)
  })

  const untilToldOtherwise = 3_600_000
  const heldFiles = (): string => join(simulator.env['AZL_SIM_STATE'] ?? '', 'held.json')
  const endMerges = async (): Promise<void> => {
    await rm(heldFiles(), { force: true })
  }

  /** A machine whose checkpoint somebody removed just now. */
  async function merging(name: string): Promise<MachineRef> {
    const { ref } = await bench.make(name, withDisk)
    await provider.snapshot(ref, { name: 'one', created: '', runId: bench.runId() }, testCall())
    await simulator.setKnobs({ mergeMs: untilToldOtherwise })
    await simulator.run(
      String.raw`param($Name) Hyper-V\Get-VM | Where-Object { $_.Name -eq $Name } | ForEach-Object { Hyper-V\Get-VMSnapshot -VM $_ } | Hyper-V\Remove-VMSnapshot`,
      name,
    )
    await simulator.setKnobs({})
    return ref
  }
})
