import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { usualPlaces } from '../../providers/virtualbox/host.ts'
import { secureBoot } from '../../providers/virtualbox/manage-calls.ts'
import { exportFile } from '../../providers/virtualbox/names.ts'
import { VirtualBoxProvider } from '../../providers/virtualbox/provider.ts'
import { parseSettings } from '../../providers/virtualbox/settings-file.ts'
import { readDiskImage } from '../../src/media/disk-image.ts'
import type { Facts, Making } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { repositoryRoot } from '../support/run-cli.ts'
import { providerContext, testCall } from '../support/test-environment.ts'
import { missingForVirtualBox } from '../support/virtualbox-manage.ts'
import type { Bench } from './contract-bench.ts'
import { describeProviderContract } from './provider-contract.ts'
import { claimTests } from './virtualbox-claim.ts'
import { openVirtualBoxHost, type VirtualBoxHost } from './virtualbox-host.ts'
import { startTests } from './virtualbox-start.ts'

let host: VirtualBoxHost

describeProviderContract({
  name: 'VirtualBox, the real VBoxManage with machines in QEMU',
  unavailable: missingForVirtualBox(),
  open: async () => {
    host = await openVirtualBoxHost()
    return host
  },
  additionalTests: virtualBoxTests,
})

const digest = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex')

/** The images that lie on a disk, as VirtualBox lists them. */
async function lyingOn(disk: string): Promise<readonly string[]> {
  const listed = await host.virtualBox.play('list', 'hdds')
  const pattern = /^UUID: +(\S+)\nParent UUID: +(\S+)\n(?:.+\n)*?Location: +(.+)$/gm
  const media = [...listed.matchAll(pattern)].map(([, uuid, parent, file = '']) => ({ uuid, parent, file }))
  const below = (uuid: string | undefined): readonly string[] =>
    media.filter(({ parent }) => parent === uuid).flatMap((each) => [each.file, ...below(each.uuid)])
  return below(media.find(({ file }) => file === disk)?.uuid)
}

function virtualBoxTests(bench: () => Bench): void {
  /** It was begun beside the making. */
  const recorderListens = async (ref: MachineRef): Promise<void> => {
    const console = await bench().provider.openConsole(ref, { port: 'firmware', onData: () => undefined }, testCall())
    await console.close()
  }
  const recordedOf = ({ id }: MachineRef): string => `recorder and serial log of the machine ${id}, which is gone`

  describe('the claim of a name', () => claimTests(bench, () => host))
  describe('a start', () => startTests(bench, () => host))

  test('disks and ISOs that somebody else attached stay, bit for bit, when the machine goes; so do files beside its own', async () => {
    const { play, folder } = host.virtualBox
    const request = await bench().make('guarded', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const own = (await bench().inspect(request.ref)).disks[0]?.where ?? ''
    const [disk, iso, note] = [join(folder, 'theirs.vdi'), join(folder, 'theirs.iso'), join(own, '..', 'notes.txt')]
    await play('createmedium', 'disk', '--filename', disk, '--size', '8', '--format', 'VDI')
    await writeFile(iso, Buffer.alloc(2 ** 20, 7))
    await writeFile(note, 'mine')
    const attach = ['storageattach', request.ref.id, '--storagectl', 'SATA', '--device', '0']
    await play('storagectl', request.ref.id, '--name', 'SATA', '--portcount', '5')
    await play(...attach, '--port', '4', '--type', 'hdd', '--medium', disk)
    await play(...attach, '--port', '2', '--type', 'dvddrive', '--medium', iso)
    const before = [await digest(disk), await digest(iso)]
    const report = await bench().provider.destroy(request.ref, testCall())
    expect([await digest(disk), await digest(iso)]).toEqual(before)
    expect(report.removed).toContain(own)
    expect(report.kept.map(({ what, isOurs }) => [what, isOurs])).toEqual([
      [disk, false],
      [join(note), false],
    ])
    expect(await play('list', 'vms')).toBe('')
    for (const file of [disk, iso]) await rm(file)
    await rm(join(folder, 'machines', 'azl-vm'), { recursive: true })
  })

  test('disks that somebody made in its folder stay, bit for bit, and so does all that VirtualBox wrote for them after a snapshot', async () => {
    const { play, folder } = host.virtualBox
    const { provider } = bench()
    const request = await bench().make('shared', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const disk = (await bench().inspect(request.ref)).disks[0]?.where ?? ''
    const place = dirname(disk)
    const [inside, outside] = [join(place, 'disk7.vdi'), join(folder, 'foreign.vdi')]
    for (const file of [inside, outside])
      await play('createmedium', 'disk', '--filename', file, '--size', '8', '--format', 'VDI')
    const attach = ['storageattach', request.ref.id, '--storagectl', 'SATA', '--device', '0', '--type', 'hdd']
    await play('storagectl', request.ref.id, '--name', 'SATA', '--portcount', '6')
    await play(...attach, '--port', '3', '--medium', outside)
    await play(...attach, '--port', '4', '--medium', inside)
    for (const name of ['a', 'b'])
      await provider.snapshot(
        request.ref,
        { name, created: '2026-11-29T08:00:00Z', runId: bench().runId() },
        testCall(),
      )
    const images = (await bench().inspect(request.ref)).disks.map(({ where }) => where)
    const written = (await readdir(join(place, 'Snapshots'))).map((name) => join(place, 'Snapshots', name))
    const own = await lyingOn(disk)
    expect([own.length, written.filter((file) => file.endsWith('.vdi')).length]).toEqual([2, 6])
    const theirs = [
      ...[
        inside,
        outside,
        join(place, 'disk9.vdi'),
        join(place, 'export-final.vhd'),
        join(place, 'Snapshots', 'mine.vdi'),
      ],
      ...written.filter((file) => file.endsWith('.vdi') && !own.includes(file)),
    ]
    expect(await lyingOn(inside)).toHaveLength(2)
    for (const file of theirs) await appendFile(file, 'written later')
    const before = await Promise.all(theirs.map(digest))
    const report = await provider.destroy(request.ref, testCall())
    expect(await Promise.all(theirs.map(digest))).toEqual(before)
    expect(report.kept.map(({ what }) => what).toSorted()).toEqual(theirs.toSorted())
    expect(report.removed).toEqual(expect.arrayContaining([disk, ...own]))
    expect(own).toContain(images[0])
    expect(await bench().provider.leftovers(testCall()), 'gc has nothing to remove').toEqual([])
    expect((await readdir(place, { recursive: true })).toSorted()).toEqual(
      ['Snapshots', ...theirs.filter((file) => file !== outside).map((file) => relative(place, file))].toSorted(),
    )
    await rm(outside)
    await rm(join(folder, 'machines', 'azl-vm'), { recursive: true })
  })

  test('what is left of a machine is offered to gc as long as azl-vm made it: a file of somebody else’s is no reason to come back', async () => {
    const { provider } = bench()
    const request = await bench().make('noted', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const place = dirname((await bench().inspect(request.ref)).disks[0]?.where ?? '')
    await recorderListens(request.ref)
    await host.virtualBox.play('unregistervm', request.ref.id)
    for (const name of ['notes.txt', 'disk1.vdi']) await writeFile(join(place, name), 'mine')
    const leftovers = await provider.leftovers(testCall())
    expect(leftovers.map(({ what }) => what)).toEqual([
      `what azl-vm made in the folder ${dirname(place)}`,
      recordedOf(request.ref),
    ])
    const [left] = leftovers
    for (const each of leftovers) expect(await provider.removeLeftover(each, testCall())).toBe(true)
    expect(await readdir(place)).toEqual(['disk1.vdi', 'notes.txt'])
    expect(await provider.leftovers(testCall())).toEqual([])
    expect(await provider.removeLeftover(left!, testCall())).toBe(false)
    await rm(join(host.virtualBox.folder, 'machines', 'azl-vm'), { recursive: true })
  })

  test('a machine of the user’s that has a disk of ours attached is named as what azl-vm cannot destroy', async () => {
    const { play } = host.virtualBox
    const request = await bench().make('lent', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const disk = (await bench().inspect(request.ref)).disks[0]?.where ?? ''
    await play(
      'storageattach',
      request.ref.id,
      '--storagectl',
      'SATA',
      '--port',
      '0',
      '--device',
      '0',
      '--medium',
      'none',
    )
    const user = await host.makeForeignMachine('user1')
    await play('storagectl', user.id, '--name', 'SATA', '--add', 'sata')
    const attach = ['storageattach', user.id, '--storagectl', 'SATA', '--port', '0', '--device', '0', '--type', 'hdd']
    await play(...attach, '--medium', disk)
    const error: unknown = await bench()
      .provider.destroy(request.ref, testCall())
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'resource-busy',
      message: 'the machine "lent" holds a disk that "user1", which azl-vm did not make, needs; nothing was removed',
      hint: 'Remove "user1", or detach the disk there, with the hypervisor’s own program.',
    })
    await play(...attach, '--medium', 'none')
    await host.removeForeignMachine(user)
    await bench().provider.destroy(request.ref, testCall())
    expect(await host.inventory()).toEqual([])
  })

  test('a claim that was killed before its mark is known by its group, goes with all it made, and can be gone on with', async () => {
    const { provider } = bench()
    const kill = async () => {
      const request = await bench().request('killed')
      const group = `/azl-vm/${request.mark.runId}`
      const make = ['createvm', '--name', 'killed', '--uuid', request.ref.id, '--groups', group]
      await host.virtualBox.play(...make, '--ostype', 'Fedora_64', '--register')
      return request
    }
    const left = await kill()
    expect((await provider.list(testCall())).map(({ ref }) => ref)).toEqual([])
    const leftovers = await provider.leftovers(testCall())
    expect(leftovers.map(({ runId }) => runId)).toEqual([left.mark.runId])
    expect(await provider.removeLeftover(leftovers[0]!, testCall())).toBe(true)
    expect(await host.inventory()).toEqual([])
    const request = await kill()
    const [define] = bench().making(request)
    await provider.apply(define!, request, testCall())
    expect(await bench().inspect(request.ref)).toMatchObject({ ref: request.ref, mark: { name: 'killed' } })
    await provider.undo(define!, request, testCall())
    expect(await host.inventory()).toEqual([])
  })

  test('a folder of any characters holds the machine; after unregistervm by hand gc still finds it there', async () => {
    const place = join(host.virtualBox.folder, 'elsewhere', "Maschinen der 'Tests' & [mehr]")
    await mkdir(place, { recursive: true })
    const request = await bench().make(
      'placed',
      `storage: { path: ${JSON.stringify(place)} }`,
      'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [{ mode: isolated }] }',
    )
    const folder = join(place, 'azl-vm', request.mark.runId)
    expect((await bench().inspect(request.ref)).disks[0]?.where).toBe(join(folder, 'placed', 'disk0.vdi'))
    await recorderListens(request.ref)
    await host.virtualBox.play('unregistervm', request.ref.id)
    const leftovers = await bench().provider.leftovers(testCall())
    expect(leftovers.map(({ what }) => what)).toEqual([`folder ${folder}`, recordedOf(request.ref)])
    for (const each of leftovers) expect(await bench().provider.removeLeftover(each, testCall())).toBe(true)
    expect(await bench().provider.leftovers(testCall())).toEqual([])
    await rm(join(host.virtualBox.folder, 'elsewhere'), { recursive: true })
  })

  test('Secure Boot that was cut off after any of its calls is not done, and ends as if it had not been cut off', async () => {
    const { provider } = bench()
    const line = 'machine: { memory: 256MiB, disks: [], networks: [], firmware: { secureBoot: true } }'
    const request = await bench().request('cut-off', line)
    const [define, switchOn] = bench().making(request)
    const observed = () => provider.observe(switchOn!, request, testCall())
    const { folder } = await provider.apply(define!, request, testCall())
    const calls = secureBoot(request.ref.id)
    const ends = []
    for (const made of calls.keys()) {
      for (const call of calls.slice(0, made)) await host.virtualBox.play(...call)
      expect(await observed(), calls[made - 1]?.join(' ')).toEqual({ is: 'missing' })
      await provider.apply(switchOn!, request, testCall())
      expect(await observed()).toMatchObject({ is: 'done' })
      ends.push(await digest(join(String(folder), 'cut-off.nvram')))
    }
    expect(new Set(ends).size).toBe(1)
    await bench().destroy(request.ref)
  })

  describe('a machine as OVA', () => {
    const lines = [
      'machine:',
      '  memory: 256MiB',
      '  firmware: { secureBoot: true }',
      '  disks: [{ size: 64MiB }, { size: 64MiB }]',
      '  networks: [{}, { mode: isolated }]',
    ]
    const play = (...args: readonly string[]) => host.virtualBox.play(...args)
    const listed = async () => (await bench().provider.list(testCall())).map(({ ref }) => ref.name)
    const diskOf = async (name: string, port: number): Promise<string> => {
      const text = await play('showvminfo', name, '--machinereadable')
      return new RegExp(`^"SATA-ImageUUID-${String(port)}-0"="([0-9a-f-]+)"`, 'm').exec(text)?.[1] ?? ''
    }
    const contentOf = async (name: string, port: number): Promise<string> => {
      const file = join(host.virtualBox.folder, `${name}-${String(port)}.raw`)
      await play('clonemedium', 'disk', await diskOf(name, port), file, '--format', 'RAW')
      await play('closemedium', 'disk', file)
      const hash = await digest(file)
      await rm(file)
      return hash
    }

    test('what is imported from it has the disks and firmware variables, and nothing by which it would be taken for ours', async () => {
      const { provider, folder } = bench()
      const request = await bench().make('packed', ...lines)
      await provider.updateMark(request.ref, { phase: 'ready' }, testCall())
      const own = (await bench().inspect(request.ref)).disks.map(({ where }) => where)
      for (const [index, file] of own.entries())
        await execa('qemu-io', ['-f', 'vdi', '-c', `write -P ${String(index + 90)} 1M 3M`, file])
      const variables = await digest(join(own[0]!, '..', 'packed.nvram'))
      const contents = [await contentOf('packed', 0), await contentOf('packed', 3)]
      const before = await host.inventory()
      const file = join(folder, 'packed.ova')
      await provider.exportDisk(request.ref, { file, format: 'ova', runId: bench().runId() }, testCall())
      expect(await readDiskImage(file, 'ova')).toMatchObject({ sizeBytes: 128 * 2 ** 20 })
      expect(await host.inventory()).toEqual(before)

      await play('import', file, '--vsys', '0', '--vmname', 'imported')
      const settings = parseSettings(
        await readFile(join(host.virtualBox.folder, 'machines', 'imported', 'imported.vbox'), 'utf8'),
        '/imported.vbox',
      )
      expect(settings).toMatchObject({
        description: '',
        extraData: new Map(),
        groups: [],
        hardware: { serialPath: undefined },
      })
      expect(settings?.hardware.drives.map(({ uuid }) => uuid)).toEqual([undefined, undefined])
      expect(settings?.hardware.cards.map(({ network }) => network)).toEqual([
        undefined,
        `azl-vm-${request.mark.runId}-1`,
      ])
      expect(await play('showvminfo', 'imported', '--machinereadable')).toContain('SecureBoot="on"')
      expect(await digest(join(host.virtualBox.folder, 'machines', 'imported', 'imported.nvram'))).toBe(variables)
      expect([await contentOf('imported', 0), await contentOf('imported', 3)]).toEqual(contents)
      expect([await listed(), await provider.leftovers(testCall())]).toEqual([['packed'], []])
      await provider.destroy(request.ref, testCall())
      expect([await listed(), await provider.leftovers(testCall())]).toEqual([[], []])
      expect(await contentOf('imported', 0)).toBe(contents[0])
      await play('unregistervm', 'imported', '--delete')
    })

    test('what an export was cut off at is a leftover of the run that exported, and goes alone, or with its machine', async () => {
      const { provider } = bench()
      const without = await host.inventory()
      const request = await bench().make('cut-off', ...lines)
      const before = await host.inventory()
      const runId = bench().runId()
      const [disk] = (await bench().inspect(request.ref)).disks
      const place = (extension: string): string => join(disk?.where ?? '', '..', exportFile(runId, extension))
      // The second is whole, and VirtualBox still knows it.
      const leave = async (): Promise<void> => {
        await writeFile(place('ova'), '')
        await play('clonemedium', 'disk', await diskOf('cut-off', 0), place('vhd'), '--format', 'VHD')
      }
      await leave()
      const leftovers = await provider.leftovers(testCall())
      expect(leftovers.map((leftover) => leftover.runId)).toEqual([runId, runId])
      for (const leftover of leftovers) expect(await provider.removeLeftover(leftover, testCall())).toBe(true)
      expect(await host.inventory()).toEqual(before)
      await leave()
      await provider.destroy(request.ref, testCall())
      expect(await host.inventory()).toEqual(without)
    })

    test('one that was exported by hand and imported lies in the folder of the run: it stays when the original goes', async () => {
      const { provider, folder } = bench()
      const request = await bench().make('original', ...lines)
      const file = join(folder, 'by-hand.ova')
      await play('export', request.ref.id, '--output', file)
      await play('import', file, '--vsys', '0', '--vmname', 'by-hand')
      const place = join(host.virtualBox.folder, 'machines', 'azl-vm', request.mark.runId, 'by-hand')
      const before = await readdir(place)
      expect(before).toContain('by-hand.nvram')
      const report = await provider.destroy(request.ref, testCall())
      expect(report.kept).toEqual([{ what: place, why: 'azl-vm did not make it', isOurs: false }])
      expect([await readdir(place), await provider.leftovers(testCall())]).toEqual([before, []])
      await play('unregistervm', 'by-hand', '--delete')
      await rm(join(host.virtualBox.folder, 'machines', 'azl-vm'), { recursive: true, force: true })
    })
  })

  describe('what VirtualBox prints', () => {
    test('all of the host is one question, and no answer is kept; guest types are asked of a newer VirtualBox only', async () => {
      const { env, devices, folder } = host.virtualBox
      const [bin, asked] = [join(folder, 'asking'), join(folder, 'asked')]
      await mkdir(bin)
      const says = '[ "$1" = --version ] && [ "$AS_VERSION" ] && echo "$AS_VERSION" && exit'
      const real = join(repositoryRoot, 'test', 'simulators', 'virtualbox', 'VBoxManage')
      await writeFile(join(bin, 'VBoxManage'), `#!/bin/sh\necho "$*" >>'${asked}'\n${says}\nexec '${real}' "$@"\n`, {
        mode: 0o755,
      })
      const nothingKept = (): never => {
        throw new Error('an answer of an earlier run')
      }
      const ask = async (version = '', making?: Making): Promise<[facts: Facts, asked: readonly string[]]> => {
        const own = { ...env, PATH: `${bin}:${env['PATH'] ?? ''}`, AS_VERSION: version }
        const context = providerContext({ env: own, hostFacts: { get: nothingKept, set: nothingKept } })
        const facts = await new VirtualBoxProvider(context, { ...usualPlaces, devices }).facts(testCall(), making)
        const lines = (await readFile(asked, 'utf8')).trimEnd().split('\n').toSorted()
        await rm(asked)
        return [facts, lines]
      }
      const making = { storagePath: undefined, mediumPath: undefined }
      const always = ['--version', 'list --multiple systemproperties bridgedifs hostonlyifs']
      const known = await ask()
      const addressed = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
        addresses.some(({ family, internal }) => family === 'IPv4' && !internal) ? [name] : [],
      )
      expect(known).toMatchObject([
        {
          isReady: true,
          native: {
            machineFolder: join(folder, 'machines'),
            limits: { memoryMiB: 2_097_152, cpus: 64 },
            bridges: addressed,
            hostOnly: [],
          },
        },
        always,
      ])
      expect(await ask('', making)).toEqual(known)
      const types = { x86_64: 'Fedora_64', aarch64: 'Fedora_arm64' }
      expect(await ask('7.3.0r180000', making)).toMatchObject([
        { isReady: true, native: { release: 703, osTypes: types } },
        [...always, 'list ostypes'],
      ])
      expect((await ask('6.1.50r161033', making))[0]).toMatchObject({
        isReady: false,
        findings: [{ code: 'virtualbox-too-old' }],
      })
    })

    test('a description that looks like a machine of ours is none', async () => {
      const foreign = await host.makeForeignMachine('spoof')
      const id = '5f2c9a01-0000-4000-8000-000000000009'
      const text = `UUID:   ${id}\nConfig file:   ${join(host.virtualBox.folder, 'none.vbox')}\nGroups: /azl-vm/x`
      await host.virtualBox.play('modifyvm', foreign.id, '--description', text)
      try {
        expect(await bench().provider.list(testCall())).toEqual([])
        expect((await bench().provider.findByName('spoof', testCall())).map(({ ref }) => ref)).toEqual([foreign])
      } finally {
        await host.removeForeignMachine(foreign)
      }
    })
  })
}
