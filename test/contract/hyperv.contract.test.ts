import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MachineRef, MachineRequest } from '../../src/provider/machine.ts'
import type { Operation } from '../../src/provider/plan.ts'
import { missingForSimulator, type SimulatorKnobs } from '../support/hyperv-simulator.ts'
import { testCall } from '../support/test-environment.ts'
import type { Bench } from './contract-bench.ts'
import { openHyperVHost, type HyperVHost } from './hyperv-host.ts'
import { describeProviderContract } from './provider-contract.ts'

let hyperv: HyperVHost

describeProviderContract({
  name: 'Hyper-V, simulated',
  unavailable: await missingForSimulator(),
  open: async () => {
    hyperv = await openHyperVHost()
    return hyperv
  },
  additionalTests: hypervTests,
})

/** Where PowerShell dies in the middle of a claim, and how what is there shows: by its mark, or by its name alone. */
const killed: readonly (readonly [at: NonNullable<SimulatorKnobs['killAt']>, shows: 'mark' | 'name' | 'nothing'])[] = [
  ['New-VM before', 'nothing'],
  ['New-VM inside', 'name'],
  ['New-VM after', 'name'],
  ['Set-VM before', 'name'],
  ['Set-VM after', 'mark'],
  ['Rename-VM before', 'mark'],
  ['Rename-VM after', 'mark'],
]

function hypervTests(bench: () => Bench): void {
  describe('beside machines whose names are patterns for it', () => {
    let theirs: readonly MachineRef[]
    beforeAll(async () => {
      theirs = await Promise.all(['kill*', '[k]illed', 'azl-vm-'].map((name) => bench().host.makeForeignMachine(name)))
    })
    afterAll(async () => {
      for (const ref of theirs) await bench().host.removeForeignMachine(ref)
    })

    test.each(killed)(
      'a claim that is killed at %s is found by: %s, and goes with all it made and nothing else',
      async (at, shows) => {
        const { provider, host } = bench()
        const before = await host.inventory()
        const kill = async (): Promise<readonly [Operation, MachineRequest]> => {
          const request = await bench().request('killed')
          const [define] = bench().making(request)
          await hyperv.simulator.setKnobs({ killAt: at })
          await expect(provider.apply(define!, request, testCall())).rejects.toMatchObject({ code: 'backend-failed' })
          await hyperv.simulator.setKnobs({})
          return [define!, request]
        }
        try {
          const [, left] = await kill()
          const marked = await provider.findByName('KILLED', testCall())
          const leftovers = await provider.leftovers(testCall())
          expect(marked.map(({ ref, mark }) => [ref, mark?.runId])).toEqual(
            shows === 'mark' ? [[left.ref, left.mark.runId]] : [],
          )
          expect(leftovers.map(({ runId }) => runId)).toEqual(shows === 'name' ? [left.mark.runId] : [])
          for (const { ref } of marked) await provider.destroy(ref, testCall())
          for (const leftover of leftovers) expect(await provider.removeLeftover(leftover, testCall())).toBe(true)
          expect(await host.inventory(), 'taken away').toEqual(before)
          const [define, request] = await kill()
          await provider.apply(define, request, testCall())
          expect(await bench().inspect(request.ref)).toMatchObject({ ref: request.ref, mark: { name: 'killed' } })
          await provider.undo(define, request, testCall())
          expect(await host.inventory(), 'gone on with').toEqual(before)
        } finally {
          await hyperv.simulator.setKnobs({})
        }
      },
    )
  })

  test('what an admin writes into the Notes stays, and the mark with it', async () => {
    const request = await bench().make('noted')
    try {
      await hyperv.run(
        String.raw`$vm = Hyper-V\Get-VM -Name noted; Hyper-V\Set-VM -VM $vm -Notes ('für Müller' + [char]13 + [char]10 + $vm.Notes)`,
      )
      await bench().provider.updateMark(request.ref, { phase: 'ready' }, testCall())
      expect((await bench().inspect(request.ref)).mark).toMatchObject({ phase: 'ready' })
      const notes = await hyperv.run(String.raw`(Hyper-V\Get-VM -Name noted).Notes`)
      expect(notes).toMatch(/^für Müller\r\nMade by azl-vm, which finds it by this line/)
    } finally {
      await bench().destroy(request.ref)
    }
  })

  test('a folder of any characters holds the machine; after Remove-VM by hand gc still finds it there', async () => {
    const place = join(hyperv.simulator.folder, 'elsewhere', "Maschinen für 'Tests' & [mehr]")
    await mkdir(place, { recursive: true })
    const before = await bench().host.inventory()
    const request = await bench().make(
      'placed',
      `storage: { path: ${JSON.stringify(place)} }`,
      'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [{ mode: isolated }] }',
    )
    const folder = join(place, `azl-vm-${request.mark.runId}`)
    expect((await bench().inspect(request.ref)).disks[0]?.where).toBe(join(folder, 'disk0.vhdx'))
    await hyperv.run(String.raw`Hyper-V\Get-VM -Name placed | Hyper-V\Remove-VM -Force`)
    const leftovers = await bench().provider.leftovers(testCall())
    expect(leftovers.map(({ what }) => what).toSorted()).toEqual([
      `folder ${folder}`,
      // It was begun with the machine, and waits for a start.
      `recorder and serial log of the machine ${request.ref.id}, which is gone`,
      `switch azl-vm-${request.mark.runId}-0`,
    ])
    for (const leftover of leftovers) expect(await bench().provider.removeLeftover(leftover, testCall())).toBe(true)
    expect(await bench().host.inventory()).toEqual(before)
    await rm(place, { recursive: true })
  })

  test('a file of somebody else in the machine’s folder stays, and is told', async () => {
    const request = await bench().make('shared', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const disk = (await bench().inspect(request.ref)).disks[0]?.where ?? ''
    const theirs = disk.replace('disk0.vhdx', 'their notes.txt')
    await writeFile(theirs, 'mine')
    const { removed, kept } = await bench().provider.destroy(request.ref, testCall())
    expect(removed).toContain(disk)
    expect(kept).toEqual([{ what: theirs, why: 'azl-vm did not make it', isOurs: false }])
    await hyperv.run('[System.IO.Directory]::Delete($args[0], $true)', theirs.replace(/\/[^/]*$/, ''))
  })
}
