/**
 * PowerShell killed as by kill -9 in the middle of each of the contract's verbs: what is there can be read, the same call
 * again ends it, and at the end nothing is left.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Provider } from '../../../src/provider/contract.ts'
import type { MachineRequest } from '../../../src/provider/machine.ts'
import type { CloneRequest } from '../../../src/provider/snapshot.ts'
import type { Bench } from '../../contract/contract-bench.ts'
import { HyperVBench } from '../../support/hyperv-bench.ts'
import { missingForSimulator, type ScriptKill } from '../../support/hyperv-simulator.ts'
import { testCall } from '../../support/test-environment.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()

const rich =
  'machine: { memory: 256MiB, disks: [{ size: 64MiB }], firmware: { tpm: true }, networks: [{ mode: isolated }, { mode: host-only }] }'

interface Struck {
  readonly provider: Provider
  readonly request: MachineRequest
  readonly clone: CloneRequest
  readonly bench: Bench
  readonly folder: string
}

type Act = (struck: Struck) => Promise<unknown>

/** The operation of a plan that makes `kind`. */
const making =
  (kind: string, name?: RegExp): Act =>
  async ({ bench, provider, request }) => {
    const found = bench
      .plan(request)
      .operations.find(({ object }) => object.kind === kind && (name?.test(object.name) ?? true))
    return await provider.apply(found ?? expect.fail(`no operation makes ${kind}`), request, testCall())
  }

/** In an order in which each can be done; the scripts in which PowerShell is killed, each at its first change. */
const verbs: readonly (readonly [verb: string, where: readonly ScriptKill[], act: Act])[] = [
  ['make the machine', ['claim-vm.ps1 before', 'claim-vm.ps1 after'], making('machine')],
  ['set it', ['set-vm.ps1 before', 'set-vm.ps1 after'], making('settings')],
  ['make its switch', ['new-private-switch.ps1 after'], making('switch', /-0$/)],
  ['join a network', ['networks.ps1 after'], making('switch', /host-only/)],
  ['put its cards in', ['set-network-adapters.ps1 after'], making('network cards')],
  ['make its disk', ['add-disk.ps1 after'], making('disk')],
  ['put its drives in', ['add-optical-drives.ps1 before', 'add-optical-drives.ps1 after'], making('optical drives')],
  ['insert a medium', ['set-dvd.ps1 before'], making('medium')],
  ['start', ['start-vm.ps1 after'], ({ provider, request }) => provider.start(request.ref, testCall())],
  [
    'write its mark',
    ['set-notes.ps1 before'],
    ({ provider, request }) => provider.updateMark(request.ref, { phase: 'ready' }, testCall()),
  ],
  ['reset', ['reset-vm.ps1 after'], ({ provider, request }) => provider.reset(request.ref, testCall())],
  [
    'stop',
    ['turn-off-vm.ps1 after'],
    ({ provider, request }) => provider.stop(request.ref, { mode: 'force', timeoutMs: 30_000 }, testCall()),
  ],
  ['take a snapshot', ['checkpoint-vm.ps1 after', 'rename-checkpoint.ps1 before'], takeSnapshot],
  [
    'restore',
    ['restore-checkpoint.ps1 after'],
    ({ bench, provider, request }) => provider.restore(request.ref, { name: 'one', runId: bench.runId() }, testCall()),
  ],
  [
    'export',
    ['convert-disk.ps1 after'],
    ({ bench, folder, provider, request }) =>
      provider.exportDisk(
        request.ref,
        { file: join(folder, 'exported.vhdx'), format: 'vhdx', runId: bench.runId() },
        testCall(),
      ),
  ],
  [
    'clone',
    ['add-differencing-disk.ps1 after'],
    ({ provider, request, clone }) => provider.clone(request.ref, clone, testCall()),
  ],
  ['eject', ['set-dvd.ps1 after'], ({ provider, request }) => provider.detach(request.ref, 'installer', testCall())],
  ['destroy the clone', ['remove-vm.ps1 after'], ({ provider, clone }) => provider.destroy(clone.ref, testCall())],
  ['delete a snapshot', ['remove-checkpoint.ps1 after'], deleteSnapshot],
  [
    'destroy',
    ['remove-switch.ps1 after', 'leave-network.ps1 before', 'remove-vm.ps1 before'],
    ({ provider, request }) => provider.destroy(request.ref, testCall()),
  ],
]

/** Core reads the state again before it repeats these: a name is taken once, and goes once. */
async function takeSnapshot(struck: Struck): Promise<void> {
  const { bench, provider, request } = struck
  if (!(await hasSnapshot(struck)))
    await provider.snapshot(request.ref, { name: 'one', created: '', runId: bench.runId() }, testCall())
}

async function deleteSnapshot(struck: Struck): Promise<void> {
  const { provider, request } = struck
  if (await hasSnapshot(struck)) await provider.deleteSnapshot(request.ref, 'one', testCall())
}

async function hasSnapshot({ provider, request }: Struck): Promise<boolean> {
  return (await provider.listSnapshots(request.ref, testCall())).some(({ name }) => name === 'one')
}

describeWhere('PowerShell killed in the middle', unavailable, () => {
  let host: HyperVBench
  let struck: Struck
  let before: readonly string[]
  beforeAll(async () => {
    host = await HyperVBench.begin()
    const { bench, provider, folder } = host
    before = await host.inventory()
    const request = await bench.request('struck', rich)
    const { ref } = await bench.request('struck-clone', rich)
    const mark = {
      ...request.mark,
      runId: bench.runId(),
      machineId: ref.id,
      name: ref.name,
      cloneOf: { name: request.ref.name, machineId: request.ref.id },
    }
    const clone = { ref, mark, macs: request.macs.map((_, index) => `00:15:5d:0c:00:0${String(index)}`) }
    struck = { bench, provider, folder, request, clone }
  }, 900_000)
  afterAll(() => host.end())

  test.each(verbs)(
    '%s (%s)',
    async (_, places, act) => {
      for (const where of places) {
        await host.simulator.setKnobs({ killAt: where })
        const end = await act(struck).then(
          () => undefined,
          (error: unknown) => error,
        )
        await host.simulator.setKnobs({})
        expect(await readFile(join(host.simulator.env['AZL_SIM_STATE'] ?? '', 'killed'), 'utf8')).toBe(where)
        // Some know by the state that it was done.
        if (end !== undefined) expect(end).toMatchObject({ code: 'backend-failed' })
        await struck.provider.findByName(struck.request.ref.name, testCall())
      }
      await act(struck)
    },
    120_000,
  )

  test('at the end gc finds what the kills left behind, and nothing stays', async () => {
    for (const leftover of await struck.provider.leftovers(testCall()))
      await struck.provider.removeLeftover(leftover, testCall())
    await struck.provider.removeUnusedShared(testCall())
    expect(await struck.provider.list(testCall())).toEqual([])
    expect(await host.inventory()).toEqual(before)
  })
})
