/** What snapshots and clones on KVM promise beyond the contract, without a guest: what is in the files, and what a kill leaves. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef, MachineRequest } from '../../src/provider/machine.ts'
import type { CloneRequest } from '../../src/provider/snapshot.ts'
import { testCall } from '../support/test-environment.ts'
import type { Bench } from './contract-bench.ts'
import type { KvmHost } from './kvm-host.ts'

const machineLine = 'machine: { memory: 256MiB, disks: [{ size: 64MiB }, { size: 64MiB }], networks: [] }'
/** Where libvirt keeps the pool, as it sees it itself. */
const pool = '/var/lib/libvirt/images/azl-vm'

export function kvmSnapshotTests(bench: () => Bench, kvm: () => KvmHost): void {
  const library = (): string => join(kvm().daemon.folder, 'lib')
  const seen = (path: string): string => path.replace('/var/lib/libvirt', library())
  /** qemu-io on a disk, with the daemon's folders where the disk says that its base is. */
  const qemuIo = async (path: string, command: string): Promise<string> => {
    const script = 'mount --bind "$1" /var/lib/libvirt && exec qemu-io -f qcow2 -c "$2" "$3"'
    const { stdout } = await promisify(execFile)('unshare', [
      '--mount',
      'sh',
      '-ec',
      script,
      'sh',
      library(),
      command,
      path,
    ])
    return stdout
  }
  const diskOf = async (ref: MachineRef, index: number): Promise<string> =>
    (await bench().inspect(ref)).disks[index]?.where ?? ''
  /** What a guest would do: other bytes on both disks, other firmware variables. */
  const write = async (ref: MachineRef, byte: number): Promise<void> => {
    for (const index of [0, 1]) await qemuIo(await diskOf(ref, index), `write -P ${String(byte + index)} 0 64k`)
    await writeFile(seen(await nvramOf(ref)), `variables ${String(byte)}`)
  }
  const requireHolds = async (ref: MachineRef, byte: number): Promise<void> => {
    for (const index of [0, 1])
      expect(await qemuIo(await diskOf(ref, index), `read -P ${String(byte + index)} 0 64k`)).not.toContain('failed')
    expect(await readFile(seen(await nvramOf(ref)), 'utf8')).toBe(`variables ${String(byte)}`)
  }
  const nvramOf = async (ref: MachineRef): Promise<string> => {
    const xml = await (await kvm().libvirt.lookupDomainByUuid(ref.id)).xml({ inactive: true })
    return /<nvram[^>]*>([^<]+)</.exec(xml)?.[1] ?? ''
  }
  const take = (ref: MachineRef, name: string, call: Call = testCall()) =>
    bench().provider.snapshot(
      ref,
      { name, created: bench().environment.now().toISOString(), runId: bench().runId() },
      call,
    )
  const restore = (ref: MachineRef, name: string, call: Call = testCall()) =>
    bench().provider.restore(ref, { name, runId: bench().runId() }, call)
  const cloneOf = (of: MachineRequest, name: string, snapshot?: string): CloneRequest => {
    const id = randomUUID()
    const mark = {
      ...of.mark,
      runId: bench().runId(),
      machineId: id,
      name,
      created: bench().environment.now().toISOString(),
    }
    return { ref: { name, id }, mark, macs: [], ...(snapshot === undefined ? {} : { snapshot }) }
  }
  const volumes = async (): Promise<readonly string[]> =>
    (await kvm().inventory()).filter((line) => line.startsWith('volume ') && !line.includes('/iso-'))

  test('disks and firmware variables are what they were: on branches, after deletions, in clones of clones', async () => {
    const request = await bench().make('content', machineLine)
    const { ref } = request
    const { provider } = bench()
    const before = await volumes()
    const clones = [cloneOf(request, 'content-twin', 'one'), cloneOf(request, 'content-third')] as const
    try {
      await write(ref, 10)
      await take(ref, 'one')
      await write(ref, 20)
      await take(ref, 'two')
      await write(ref, 30)
      await restore(ref, 'one')
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
      await provider.deleteSnapshot(ref, 'one', testCall())
      await restore(ref, 'branch')
      await requireHolds(ref, 40)
      await requireHolds(clones[0].ref, 60)
      await provider.deleteSnapshot(ref, 'branch', testCall())
      await requireHolds(ref, 40)
      await restore(ref, 'two')
      await requireHolds(ref, 20)
      for (const clone of clones.toReversed()) await bench().destroy(clone.ref)
      await provider.deleteSnapshot(ref, 'two', testCall())
      await requireHolds(ref, 20)
      // The planned disks lie below all others; a layer on each is what is left, and the copy of the variables.
      expect((await volumes()).length).toBeLessThanOrEqual(before.length + 2 * 2 + 1)
      expect(await provider.leftovers(testCall())).toEqual([])
    } finally {
      for (const clone of clones.toReversed()) await bench().destroy(clone.ref)
      await bench().destroy(ref)
    }
    expect(await kvm().inventory()).toEqual([])
  })

  test.each(['snapshot', 'restore', 'delete', 'clone'] as const)(
    'a %s that is cut off at any step leaves the machine as it was or as it was to be, and nothing that is not found',
    async (verb) => {
      const request = await bench().make('cut', machineLine)
      const { ref } = request
      const { provider } = bench()
      try {
        await write(ref, 10)
        await take(ref, 'first')
        await write(ref, 20)
        const done = async (step: number, call: Call): Promise<void> => {
          const name = `at-${String(step)}`
          if (verb === 'snapshot') await take(ref, name, call)
          else if (verb === 'restore') await restore(ref, 'first', call)
          else if (verb === 'delete') await provider.deleteSnapshot(ref, name, call)
          else await provider.clone(ref, cloneOf(request, name), call)
        }
        let isCut = true
        for (let step = 1; isCut; step++) {
          if (verb === 'delete') await take(ref, `at-${String(step)}`)
          if (verb === 'restore') await write(ref, 20)
          const call = cutAt(step)
          isCut = await done(step, call).then(
            () => false,
            () => true,
          )
          const names = (await provider.listSnapshots(ref, testCall())).map(({ name }) => name)
          expect(names).toContain('first')
          if (verb === 'restore') {
            const isBack = await requireHolds(ref, 10).then(
              () => true,
              () => false,
            )
            if (!isBack) await requireHolds(ref, 20)
          } else await requireHolds(ref, 20)
          // As gc does, whose judgement of runs is another test's: what is half made, then what nobody names.
          for (const info of await provider.list(testCall()))
            if (info.ref.id !== ref.id) await bench().destroy(info.ref)
          for (const leftover of await provider.leftovers(testCall())) {
            expect(leftover.runId).not.toBe(request.mark.runId)
            await provider.removeLeftover(leftover, testCall())
          }
          expect(await provider.leftovers(testCall())).toEqual([])
          expect(step).toBeLessThan(100)
        }
        await restore(ref, 'first')
        await requireHolds(ref, 10)
      } finally {
        for (const info of await provider.list(testCall())) if (info.ref.id !== ref.id) await bench().destroy(info.ref)
        await bench().destroy(ref)
      }
      expect(await kvm().inventory()).toEqual([])
    },
  )

  test('the domain of a clone is valid by libvirt’s own schema, and names nothing of the original but its base', async () => {
    const request = await bench().make(
      'schema',
      'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [{ mode: isolated }, {}], firmware: { secureBoot: true, tpm: true } }',
    )
    const clone = { ...cloneOf(request, 'schema-twin'), macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'] }
    try {
      await bench().provider.clone(request.ref, clone, testCall())
      const xml = await (await kvm().libvirt.lookupDomainByUuid(clone.ref.id)).xml({ inactive: true })
      const file = join(bench().folder, 'clone.xml')
      await writeFile(file, xml)
      await promisify(execFile)('virt-xml-validate', [file, 'domain'])
      const outsideMark = xml.replace(/<metadata>[^]*<\/metadata>/, '')
      expect(outsideMark).not.toContain(request.mark.runId)
      expect(outsideMark).toContain(`${pool}/schema-twin.${clone.mark.runId}.disk0.qcow2`)
      expect(outsideMark).toContain(`azl-vm-${clone.mark.runId}-0`)
      for (const mac of clone.macs) expect(outsideMark).toContain(mac)
    } finally {
      await bench().destroy(clone.ref)
      await bench().destroy(request.ref)
    }
  })
}

/** From the n-th thing on that is asked of libvirt nothing is done any more, as in a process that is killed there. */
function cutAt(step: number): Call {
  let asked = 0
  return {
    ...testCall(),
    debug: () => {
      asked += 1
      if (asked >= step) throw new Error('killed')
    },
  }
}
