import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { KvmProvider } from '../../providers/kvm/provider.ts'
import { libvirtUnavailable } from '../support/libvirt-daemon.ts'
import { providerContext, testCall } from '../support/test-environment.ts'
import { fingerprint, type Bench } from './contract-bench.ts'
import { openKvmHost, type KvmHost } from './kvm-host.ts'
import { kvmSnapshotTests } from './kvm-snapshots.ts'
import { kvmSurroundings } from './kvm-surroundings.ts'
import { describeProviderContract } from './provider-contract.ts'

let kvm: KvmHost

describeProviderContract({
  name: 'KVM, a real libvirtd',
  unavailable: libvirtUnavailable(),
  surroundings: () => kvmSurroundings(kvm.daemon),
  // Equal runs everywhere, with and without /dev/kvm.
  set: ['machine.acceleration=emulated'],
  systemPortOf: 'aarch64',
  open: async () => {
    kvm = await openKvmHost()
    return kvm
  },
  additionalTests: kvmTests,
})

/** Where the daemon keeps the pool, seen from here. */
const poolFolder = (): string => join(kvm.daemon.folder, 'lib', 'images', 'azl-vm')

function kvmTests(bench: () => Bench): void {
  kvmSnapshotTests(bench, () => kvm)

  test('every domain XML, as planned and as libvirt keeps it, is valid by libvirt’s own schema', async () => {
    const shapes = [
      'machine: { disks: [], networks: [] }',
      'machine: { disks: [{ size: 64MiB }, { size: 64MiB }], networks: [{}, { mode: isolated }], firmware: { secureBoot: true, tpm: true } }',
    ]
    for (const shape of shapes) {
      const request = await bench().make('valid', shape)
      try {
        const define = bench()
          .plan(request)
          .operations.find(({ id }) => id === 'define')
        await validate(bench().folder, define?.native?.text ?? '')
        const domain = await kvm.libvirt.lookupDomainByUuid(request.ref.id)
        await validate(bench().folder, await domain.xml({ inactive: true }))
      } finally {
        await bench().destroy(request.ref)
      }
    }
  })

  test('all files of a machine lie in our pool, and QEMU’s user owns them only while it runs them', async () => {
    const request = await bench().make('files', 'machine: { memory: 256MiB, disks: [{ size: 64MiB }], networks: [] }')
    const owners = async (): Promise<Readonly<Record<string, number>>> => {
      const names = (await readdir(poolFolder())).filter((name) => /\.(?:qcow2|fd)$/.test(name))
      return Object.fromEntries(
        await Promise.all(names.map(async (name) => [name, (await stat(join(poolFolder(), name))).uid] as const)),
      )
    }
    const disk = `files.${request.mark.runId}.disk0.qcow2`
    try {
      const domain = await kvm.libvirt.lookupDomainByUuid(request.ref.id)
      const xml = await domain.xml({ inactive: true })
      const paths = [...xml.matchAll(/(?:file|template)='([^']+)'|<nvram[^>]*>([^<]+)</g)].map(
        (m) => m[1] ?? m[2] ?? '',
      )
      expect(paths.length).toBeGreaterThanOrEqual(3)
      for (const path of paths.filter((each) => !each.startsWith('/usr/share/')))
        expect(path).toMatch(/^\/var\/lib\/libvirt\/images\/azl-vm\//)
      expect((await owners())[disk]).toBe(0)
      expect(await bench().provider.start(request.ref, testCall())).toMatchObject({ acceleration: 'emulated' })
      expect((await owners())[disk]).not.toBe(0)
      await bench().provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
      expect((await owners())[disk]).toBe(0)
    } finally {
      await bench().destroy(request.ref)
    }
  })

  test('two machines share one copy of a medium; it goes with the last; their forwarded ports are distinct', async () => {
    const shape =
      'machine: { memory: 256MiB, disks: [], networks: [{ forward: [{ guest: 80 }] }, { forward: [{ guest: 443 }] }] }'
    const first = await bench().make('twin-1', shape)
    const second = { ...(await bench().request('twin-2', shape)), installer: first.installer }
    try {
      const twin = { ...second, mark: { ...second.mark, installer: first.mark.installer! } }
      await bench().apply(twin, bench().making(twin))
      const copies = async (): Promise<readonly string[]> =>
        (await kvm.inventory()).filter((line) => line.startsWith('volume azl-vm/iso-'))
      expect(await copies()).toHaveLength(2)
      const outputs = await Promise.all(
        [first.ref, twin.ref].map(async (ref) => (await bench().provider.start(ref, testCall())).outputs),
      )
      const ports = outputs.flatMap((output) => [output['port-22'], output['port-80'], output['port-443']])
      expect(ports.every((port) => typeof port === 'number' && port > 0)).toBe(true)
      expect(new Set(ports).size).toBe(6)
      const endpoint = await bench().provider.endpoint(first.ref, testCall())
      expect(endpoint).toEqual({ address: '127.0.0.1', port: outputs[0]?.['port-22'] })
      await bench().destroy(first.ref)
      expect(await copies()).toHaveLength(2)
      expect((await bench().inspect(twin.ref)).state).toBe('running')
      await bench().destroy(twin.ref)
      expect(await copies()).toEqual([])
    } finally {
      for (const { ref } of [first, second]) await bench().destroy(ref)
    }
  })

  test('a copy without its .ok was cut off: it is made anew, whole', async () => {
    const holder = await bench().make('holder')
    try {
      const pool = await kvm.libvirt.lookupPool('azl-vm')
      const digest = holder.installer.sha256.slice(0, 12)
      const names = async (): Promise<readonly string[]> => (await pool.listVolumes()).map(({ name }) => name)
      const iso = (await names()).find((name) => name.startsWith(`iso-${digest}-`) && name.endsWith('.iso')) ?? ''
      await bench().provider.detach(holder.ref, 'installer', testCall())
      await (await pool.lookupVolume(`${iso}.ok`)).delete()
      await writeFile(join(poolFolder(), iso), 'half')
      await bench().provider.attach(holder.ref, 'installer', holder.installer, testCall())
      expect(await fingerprint(join(poolFolder(), iso))).toMatchObject({ sha256: holder.installer.sha256 })
      expect(await names()).toContain(`${iso}.ok`)
    } finally {
      await bench().destroy(holder.ref)
    }
  })

  test('a medium is never read in place through a daemon that was named by its socket', async () => {
    const request = await bench().make('copied-in')
    try {
      expect((await bench().inspect(request.ref)).installer).toMatch(/^\/var\/lib\/libvirt\/images\/azl-vm\/iso-/)
    } finally {
      await bench().destroy(request.ref)
    }
  })

  test('a medium that all may read is read in place by the local daemon, and keeps owner, mode and content', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'azl-in-place-'))
    await chmod(folder, 0o755)
    const choice = {
      uri: kvm.daemon.uri,
      why: 'test',
      isLocal: true,
      isSession: false,
      remote: undefined,
      isProgramNamed: false,
    }
    const local = new KvmProvider(choice, providerContext())
    const request = await bench().make('in-place')
    try {
      const { path, ...rest } = request.installer
      const file = join(folder, 'medium.iso')
      await writeFile(file, await (await import('node:fs/promises')).readFile(path), { mode: 0o644 })
      const before = await fingerprint(file)
      await local.attach(request.ref, 'installer', { ...rest, path: file }, testCall())
      expect((await bench().inspect(request.ref)).installer).toBe(file)
      await local.start(request.ref, testCall())
      expect(await fingerprint(file)).toEqual(before)
      await local.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
      await chmod(file, 0o600)
      await local.attach(request.ref, 'installer', { ...rest, path: file }, testCall())
      expect((await bench().inspect(request.ref)).installer, 'not readable by all: copied').toContain('/azl-vm/iso-')
      expect(await local.leftovers(testCall())).toEqual([])
    } finally {
      await local.close()
      await bench().destroy(request.ref)
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('a machine with a switch of its own has one network, which goes with it', async () => {
    const request = await bench().make(
      'switched',
      'machine: { memory: 256MiB, disks: [], networks: [{ mode: isolated }] }',
    )
    try {
      const networks = (await kvm.inventory()).filter((line) => line.startsWith('network '))
      expect(networks).toEqual([`network azl-vm-${request.mark.runId}-0`])
      expect(await bench().provider.endpoint(request.ref, testCall())).toBeUndefined()
    } finally {
      await bench().destroy(request.ref)
    }
    expect(await kvm.inventory()).toEqual([])
  })

  test('destroying a copy that was made by hand takes nothing of the original', async () => {
    const request = await bench().make('original', 'machine: { disks: [{ size: 64MiB }], networks: [] }')
    await writeFile(join(poolFolder(), `original.${request.mark.runId}.vars.fd`), 'variables')
    const copy = await kvm.copyByHand(request.ref, 'by-hand')
    try {
      const volumes = async (): Promise<readonly string[]> =>
        (await kvm.inventory()).filter((line) => line.startsWith('volume '))
      const before = await volumes()
      expect((await bench().provider.destroy(copy, testCall())).removed).toEqual(['domain by-hand'])
      expect(await volumes()).toEqual(before)
    } finally {
      await bench().destroy(request.ref)
      await kvm.removeForeignMachine(copy)
    }
  })

  test('a log that virtlogd began anew since the start is followed from what there is: nothing of this boot is lost', async () => {
    const request = await bench().make('rotated', 'machine: { disks: [], networks: [] }')
    const log = join(poolFolder(), `rotated.${request.mark.runId}.serial.log`)
    const followed = async (): Promise<string> => {
      const chunks: Uint8Array[] = []
      for await (const chunk of bench().provider.followLog(request.ref, 'firmware', 'last-start', testCall()))
        chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    try {
      await writeFile(log, 'old')
      await bench().provider.start(request.ref, testCall())
      await bench().provider.stop(request.ref, { mode: 'force', timeoutMs: 1000 }, testCall())
      expect(await followed()).not.toContain('old')
      // As virtlogd does: more was said than one file takes, and the new one is longer than the old one was at the start.
      await rename(log, `${log}.0`)
      await writeFile(log, 'all that this boot said last')
      expect(await followed()).toMatch(/^old[^]*all that this boot said last$/)
    } finally {
      await bench().destroy(request.ref)
    }
  })

  test('storage.path gets a pool of its own, and both go with the machine', async () => {
    const request = await bench().make('placed', 'storage: { path: /var/lib/libvirt/elsewhere }')
    try {
      const pools = (await kvm.inventory()).filter((line) => line.startsWith('pool '))
      expect(pools).toEqual([expect.stringMatching(/^pool azl-vm-[0-9a-f]{8}$/)])
    } finally {
      await bench().destroy(request.ref)
    }
    expect(await kvm.inventory()).toEqual([])
  })
}

async function validate(folder: string, xml: string): Promise<void> {
  const file = join(folder, 'domain.xml')
  await writeFile(file, xml)
  await promisify(execFile)('virt-xml-validate', [file, 'domain'])
}
