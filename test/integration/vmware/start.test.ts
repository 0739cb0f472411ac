/** What a start, a stop and an ejected medium come to when VMware does not do as asked. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { VmxFile } from '../../../providers/vmware/vmx-file.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import { Bench } from '../../contract/contract-bench.ts'
import { openVmwareHost, type VmwareHost } from '../../contract/vmware-host.ts'
import { testCall, testEnvironment } from '../../support/test-environment.ts'
import { missingForVmware } from '../../support/vmware-stand-in.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForVmware()

describeWhere('VMware', missing, () => {
  let host: VmwareHost
  let bench: Bench
  let folder: string
  let request: MachineRequest
  let file: string
  const vmx = async (): Promise<VmxFile> => VmxFile.parse(await readFile(file, 'utf8'))
  const slots = async (): Promise<readonly string[]> =>
    (await vmx()).entries.map(([key]) => key).filter((key) => key.endsWith('.pciSlotNumber'))

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'azl-vmware-'))
    host = await openVmwareHost()
    const provider = await host.open()
    const environment = testEnvironment({ home: join(folder, 'home'), entries: [] })
    bench = new Bench({ host, provider, facts: await provider.facts(testCall()), folder, environment, set: [] })
    request = await bench.make('trouble', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [{}] }')
    file = (await bench.inspect(request.ref)).disks[0]?.where.replace(/disk0\.vmdk$/, 'trouble.vmx') ?? ''
  })
  afterAll(async () => {
    await bench.destroy(request.ref)
    await bench.provider.close()
    await host.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('a first start that fails is explained from vmware.log, and what it left behind goes', async () => {
    const logged = ['[msg.pci.noslotavail] No PCI slot is available for nvme0.', 'Monitor Mode: ULM', 'nothing of note']
    await host.standIn.setKnobs({ startFails: { said: 'The operation was canceled', logged } })
    await expect(bench.provider.start(request.ref, testCall())).rejects.toMatchObject({
      code: 'backend-failed',
      message: expect.stringMatching(/start trouble failed: Error: The operation was canceled/) as string,
      hint: expect.stringMatching(/do not fit on its PCI bridges.*\n.*VMware runs on Hyper-V here/) as string,
      evidence: [expect.stringContaining(logged[0]!) as string, expect.stringContaining(logged[1]!) as string],
    })
    expect(await slots()).toEqual([])
    await expect(stat(join(dirname(file), 'trouble.nvram'))).rejects.toMatchObject({ code: 'ENOENT' })
    await host.standIn.setKnobs({})
  })

  test('a medium that is ejected while the machine runs stays out, though VMware writes the .vmx anew', async () => {
    await bench.provider.start(request.ref, testCall())
    await bench.provider.detach(request.ref, 'installer', testCall())
    await bench.provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
    expect((await vmx()).get('sata0:0.deviceType'), 'as VMware left it').toBe('cdrom-image')
    expect((await bench.inspect(request.ref)).installer).toBeUndefined()
    await bench.provider.start(request.ref, testCall())
    expect((await vmx()).get('sata0:0.deviceType')).toBe('cdrom-raw')
  })

  test('a guest without VMware Tools that is asked to stop runs on, and VMware’s own words are told', async () => {
    const softStopSays = 'The VMware Tools are not running in the virtual machine: trouble'
    await host.standIn.setKnobs({ softStopSays })
    const stopping = bench.provider.stop(request.ref, { mode: 'graceful', timeoutMs: 60_000 }, testCall())
    await expect(stopping).rejects.toMatchObject({ message: expect.stringContaining(softStopSays) as string })
    await host.standIn.setKnobs({})
    expect((await bench.inspect(request.ref)).state).toBe('running')
  })

  test('what a recorder kept of a machine that was deleted by hand is a leftover, and goes', async () => {
    const { provider } = bench
    const lost = await bench.make('lost')
    const console = await provider.openConsole(lost.ref, { port: 'system', onData: () => undefined }, testCall())
    await console.close()
    await rm(join(host.standIn.machines, 'lost.azl-vm'), { recursive: true })
    const [leftover, ...more] = await provider.leftovers(testCall())
    expect([leftover?.what, more]).toEqual([expect.stringContaining(lost.ref.id), []])
    expect(await provider.removeLeftover(leftover!, testCall())).toBe(true)
    expect(await provider.leftovers(testCall())).toEqual([])
  })

  test('once it has run, a start that fails leaves its slots and its firmware variables alone', async () => {
    await bench.provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
    await host.standIn.setKnobs({ startFails: { said: 'The operation was canceled', logged: [] } })
    await expect(bench.provider.start(request.ref, testCall())).rejects.toMatchObject({ code: 'backend-failed' })
    await host.standIn.setKnobs({})
    expect(await slots()).not.toEqual([])
    expect((await stat(join(dirname(file), 'trouble.nvram'))).isFile()).toBe(true)
  })
})
