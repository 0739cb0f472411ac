import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, test, vi } from 'vitest'
import { nativeOf } from '../../providers/vmware/facts.ts'
import { VmwareProvider } from '../../providers/vmware/provider.ts'
import { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import { RecorderLine } from '../../src/recorder/recorder-line.ts'
import { providerContext, testCall } from '../support/test-environment.ts'
import { missingForVmware } from '../support/vmware-stand-in.ts'
import type { Bench } from './contract-bench.ts'
import { describeProviderContract } from './provider-contract.ts'
import { openVmwareHost, type VmwareHost } from './vmware-host.ts'

let host: VmwareHost

describeProviderContract({
  name: 'VMware, by a stand-in of its tools',
  unavailable: await missingForVmware(),
  open: async () => {
    host = await openVmwareHost()
    return host
  },
  additionalTests: vmwareTests,
})

const oneDisk = 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }'

/** Of each file in a folder, its content as a digest. */
async function digests(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).toSorted()
  const entries = await Promise.all(
    names.map(async (name) => {
      const content = await readFile(join(folder, name))
      return [name, createHash('sha256').update(content).digest('hex')] as const
    }),
  )
  return Object.fromEntries(entries)
}

function vmwareTests(bench: () => Bench): void {
  test('the recorder of a machine begins with its making, not only for its start', async () => {
    const recorders = join(host.standIn.folder, 'recorders', 'vmware')
    const provider = await bench().host.open()
    const request = await bench().request('early')
    const [define] = bench().making(request)
    try {
      await provider.apply(define!, request, testCall())
    } finally {
      // Waits for the recorder.
      await provider.close()
    }
    expect(await readdir(recorders)).toContain(request.ref.id)
    await bench().destroy(request.ref)
    expect(await readdir(recorders)).not.toContain(request.ref.id)
  })

  test('a console that cannot be closed keeps no recorder that nobody came for', async () => {
    const provider = await bench().host.open()
    const request = await bench().request('early')
    const [define] = bench().making(request)
    const other = await bench().make('vw1', oneDisk)
    const refused = vi.spyOn(RecorderConsole.prototype, 'close').mockRejectedValue(new Error('no'))
    const closed = vi.spyOn(RecorderLine.prototype, 'close')
    try {
      await provider.openConsole(other.ref, { port: 'firmware', onData: () => undefined }, testCall())
      await provider.apply(define!, request, testCall())
      await expect(provider.close()).rejects.toThrow('no')
      expect(closed).toHaveBeenCalledTimes(1)
    } finally {
      refused.mockRestore()
      closed.mockRestore()
      await provider.destroy(request.ref, testCall())
      await provider.destroy(other.ref, testCall())
    }
  })

  test('the version is what VMware’s installer noted; where it noted none, the program is asked', async () => {
    const { env, devices, folder, calls } = host.standIn
    const etc = join(folder, 'noted')
    await mkdir(etc)
    const ask = async (config: string): Promise<unknown> => {
      await writeFile(join(etc, 'config'), config)
      const before = (await calls()).length
      const facts = await new VmwareProvider(providerContext({ env }), { etc, devices }).facts(testCall())
      return [facts.versions, nativeOf(facts).hardwareVersion, (await calls()).slice(before)]
    }
    const noted = 'player.product.version = "17.0.0"\nworkstation.product.version = "25.0.0"\n'
    expect(await ask(noted)).toEqual([{ workstation: '25.0.0' }, 22, []])
    const ofDistribution = 'bindir = "/usr/bin"\nproduct.version = "unknown"\n'
    expect(await ask(ofDistribution)).toEqual([{ workstation: '17.6.2' }, 21, [['vmware', '-v']]])
  })

  test.each([
    ['among the machines', () => join(host.standIn.machines, 'mine', 'mine.vmx')],
    ['anywhere', () => join(host.standIn.folder, 'elsewhere', 'mine.vmx')],
  ])('a linked clone that a user made keeps what it lies on: %s', async (_where, place) => {
    const { provider } = bench()
    const request = await bench().make('vw1', oneDisk)
    const folder = dirname((await bench().inspect(request.ref)).disks[0]?.where ?? '')
    const clone = place()
    await host.standIn.vmrun('snapshot', join(folder, 'vw1.vmx'), 'usersnap')
    await host.standIn.vmrun('clone', join(folder, 'vw1.vmx'), clone, 'linked', '-snapshot=usersnap')
    const before = await digests(folder)
    await expect(provider.destroy(request.ref, testCall())).rejects.toMatchObject({
      code: 'resource-busy',
      message: expect.stringContaining('"mine"') as string,
    })
    expect(await digests(folder)).toEqual(before)

    const calls = (await host.standIn.calls()).length
    await provider.deleteSnapshot(request.ref, 'usersnap', testCall())
    expect(await provider.listSnapshots(request.ref, testCall())).toEqual([])
    expect(await provider.leftovers(testCall())).toEqual([])
    expect((await host.standIn.calls()).slice(calls).map(([, , , command]) => command)).not.toContain('deleteSnapshot')

    // VMware's note of it stays, and is about nothing any more.
    await rm(dirname(clone), { recursive: true })
    await provider.destroy(request.ref, testCall())
    expect(await host.inventory()).toEqual([])
  })

  test('disks that somebody else put into the folder stay, bit for bit, whatever they are called, and are told of', async () => {
    const { provider } = bench()
    const request = await bench().make('vw1', oneDisk)
    const folder = dirname((await bench().inspect(request.ref)).disks[0]?.where ?? '')
    await execa('qemu-img', ['create', '-q', '-f', 'vmdk', join(folder, 'disk8.vmdk'), '1M'])
    const theirs = ['-F', 'vmdk', '-b', 'disk8.vmdk', join(folder, 'disk0-000009.vmdk')]
    await execa('qemu-img', ['create', '-q', '-f', 'vmdk', ...theirs])
    await host.standIn.vmrun('snapshot', join(folder, 'vw1.vmx'), 'usersnap')
    const names = ['disk0-000009.vmdk', 'disk8.vmdk']
    const before = await digests(folder)
    const report = await provider.destroy(request.ref, testCall())
    expect(report.kept).toEqual(
      names.map((name) => ({ what: join(folder, name), why: 'azl-vm did not make it', isOurs: false })),
    )
    expect(await digests(folder)).toEqual(Object.fromEntries(names.map((name) => [name, before[name]])))
    expect(await provider.leftovers(testCall())).toEqual([])
    await rm(folder, { recursive: true })
  })
}
