/**
 * ISOs that nobody here made, lived with from `up` to `destroy`: Debian's memtest86+, copied to libvirt, and Debian's
 * installer behind GRUB, read where it lies. The user's file stays as it is in every way.
 */
import { chmod, chown, mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { debianInstallerIso, fileFacts, memtestIso, type FileFacts } from '../support/e2e-isos.ts'
import { readPng } from '../support/e2e-png.ts'
import { until } from '../support/e2e-process.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd, type RunOptions, type User } from '../support/tool-world.ts'

interface UpData {
  readonly action: string
  readonly bootOutcome?: { readonly is: string; readonly target: string }
  readonly machine: { readonly state: string; readonly installer: string }
  readonly medium: { readonly trust: string }
}

const leftForInstaller = { is: 'left-for', target: 'installer' }

describeE2e('an ISO that nobody here made', (world) => {
  let user: User
  let local: User
  let atUsualSocket: RunOptions
  let memtest: string
  let debian: string
  let memtestFacts: FileFacts
  let debianFacts: FileFacts

  beforeAll(async () => {
    // libvirt at its usual socket is another host than libvirt at one that was named.
    user = await world().user()
    local = await world().user()
    atUsualSocket = world().atUsualSocket
    const [shared, hidden] = [world().path('shared'), world().path('private')]
    await Promise.all([mkdir(shared), mkdir(hidden, { mode: 0o700 })])
    memtest = join(hidden, 'memtest.iso')
    debian = join(shared, 'debian installer.iso')
    await Promise.all([memtestIso(memtest), debianInstallerIso(debian)])
    // Neither root's nor libvirt's, so that every change of owner shows.
    for (const iso of [memtest, debian]) {
      await chown(iso, 1234, 1235)
      await chmod(iso, 0o644)
    }
    memtestFacts = await fileFacts(memtest)
    debianFacts = await fileFacts(debian)
  })

  const memtestSpec = (more: object = {}): Promise<string> =>
    world().spec('memtest', { source: { iso: memtest, checksum: `sha256:${memtestFacts.sha256}` }, ...more })

  it('is copied where libvirt may not read it in place, and boots', async () => {
    const result = await user.json<UpData>(['up', await memtestSpec()])
    expect(result).toMatchObject({ action: 'created', bootOutcome: leftForInstaller, medium: { trust: 'checksum' } })
    expect(result.machine.installer).toMatch(/\/azl-vm\/iso-[0-9a-f]{12}-memtest\.iso$/)
    expect(await fileFacts(memtest)).toEqual(memtestFacts)
  })

  it('is shown by status, ls and logs', async () => {
    const status = await user.run(['status', 'memtest'])
    expect(status.stdout).toMatch(/^machine +memtest@kvm/m)
    expect(status.stdout).toMatch(/^state +running/m)
    expect(status.stdout).toMatch(/^phase +ready/m)
    expect((await user.run(['ls'])).stdout).toMatch(/^memtest +kvm +running +ready +1 +256MiB/m)
    expect((await user.run(['logs', 'memtest'])).stdout).toMatch(/BdsDxe: starting Boot\d+ .*DVD-ROM/)
  })

  it('has a screen with something on it', async () => {
    const file = world().path('memtest.png')
    // The firmware has left; memtest86+ paints a moment later.
    const picture = await until('memtest86+ paints its screen', async () => {
      await user.json(['screenshot', 'memtest', '--out', file])
      const read = readPng(await readFile(file))
      return read.colours > 1 ? read : undefined
    })
    expect(picture.width).toBeGreaterThanOrEqual(640)
    expect(picture.height).toBeGreaterThanOrEqual(400)
  })

  it('is not switched off by a request that it does not hear, but by force', async () => {
    const graceful = await user.run(['stop', 'memtest', '--timeout', '1'])
    expect(graceful.exitCode, tellEnd(graceful)).toBe(5)
    expect(graceful.stderr).toMatch(/did not shut down within 1 s; the machine runs on/)
    expect(graceful.stderr).toMatch(/stop --force/)
    expect(await stateOf(user, 'memtest')).toBe('running')
    expect(await user.run(['stop', 'memtest', '--force'])).toMatchObject({ exitCode: 0 })
    expect(await stateOf(user, 'memtest')).toBe('off')
  })

  it('is started by up where it is off, and left alone where it runs', async () => {
    const started = await user.json<UpData>(['up', await memtestSpec()])
    expect(started).toMatchObject({ action: 'started', bootOutcome: leftForInstaller })
    const again = await user.run(['up', await memtestSpec()])
    expect(again.exitCode, tellEnd(again)).toBe(0)
    expect(again.stdout).toMatch(/memtest@kvm is there as the spec says; nothing was changed/)
    await user.run(['stop', 'memtest', '--force'])
    expect(await user.json(['start', 'memtest'])).toMatchObject({ wasRunning: false, acceleration: 'emulated' })
    expect(await user.json(['start', 'memtest'])).toMatchObject({ wasRunning: true })
  })

  it('is never changed by a changed spec: each difference is named', async () => {
    const before = await world().virsh('dumpxml', '--inactive', 'memtest')
    const spec = await memtestSpec({
      file: 'changed.yaml',
      source: { iso: debian },
      machine: {
        memory: '512MiB',
        cpus: 2,
        disks: [{ size: '128MiB' }, { size: '64MiB' }],
        firmware: { tpm: true, secureBoot: true },
        networks: [],
      },
    })
    const refused = await user.run(['up', spec])
    expect(refused.exitCode, tellEnd(refused)).toBe(4)
    for (const key of ['source.iso', 'machine.memory', 'machine.cpus', 'machine.disks', 'firmware.tpm', 'secureBoot']) {
      expect(refused.stderr).toContain(key)
    }
    expect(refused.stderr).toContain('machine.networks')
    expect(refused.stderr).toMatch(/nothing was changed/)
    expect(refused.stderr).toMatch(/azl-vm destroy memtest/)
    expect(await world().virsh('dumpxml', '--inactive', 'memtest')).toBe(before)
  })

  it('goes with the machine, and the user’s own file stays', async () => {
    const destroyed = await user.json<{ removed: string[] }>(['destroy', 'memtest'])
    expect(destroyed.removed).toContainEqual(expect.stringMatching(/^volume azl-vm\/iso-.*-memtest\.iso$/))
    expect(await fileFacts(memtest)).toEqual(memtestFacts)
    expect(await world().leftBehind()).toEqual([])
  })

  it('is read where it lies by the libvirt at its usual socket; its GRUB and kernel are typed to and heard', async () => {
    const spec = await world().spec('debian', {
      source: { iso: debian },
      machine: { memory: '512MiB', networks: [{ forward: [{ host: forwarded, guest: 80 }] }] },
    })
    const result = await local.json<UpData>(['up', spec], atUsualSocket)
    expect(result).toMatchObject({ bootOutcome: leftForInstaller, medium: { trust: 'unverified' } })
    expect(result.machine.installer).toBe(debian)
    expect((await world().leftBehind()).filter((thing) => /iso-|azl-look/.test(thing))).toEqual([])

    const logs = local.spawn(['logs', 'debian', '--follow'], atUsualSocket)
    const console = local.spawn(['console', 'debian'], atUsualSocket)
    await logs.says('stdout', /Debian installer/)
    await console.says('stderr', /connected to debian/)
    console.type('\r')
    await Promise.all([logs.says('stdout', /Linux version \d/), console.says('stdout', /Linux version \d/)])
    for (const reader of [logs, console]) reader.kill('SIGINT')
    await Promise.all([logs.ended, console.ended])
    expect(await fileFacts(debian)).toEqual(debianFacts)
  })

  it('is unharmed by an up that fails, and so is the machine that uses it', async () => {
    const spec = await world().spec('too-late', {
      source: { iso: debian },
      machine: { networks: [{ forward: [{ host: forwarded, guest: 80 }] }] },
    })
    const failed = await local.run(['up', spec], atUsualSocket)
    expect(failed.exitCode, tellEnd(failed)).toBe(4)
    expect(failed.stderr).toMatch(new RegExp(`port ${forwarded} of the host cannot lead to port 80 of the guest`))
    expect((await world().leftBehind()).filter((thing) => thing.includes('too-late'))).toEqual([])
    expect(await stateOf(local, 'debian', atUsualSocket)).toBe('running')
    expect(await fileFacts(debian)).toEqual(debianFacts)
  })

  it('stays as it is when the machine is switched off and destroyed', async () => {
    await local.json(['stop', 'debian', '--force'], atUsualSocket)
    expect(await fileFacts(debian)).toEqual(debianFacts)
    await local.json(['destroy', 'debian'], atUsualSocket)
    expect(await fileFacts(debian)).toEqual(debianFacts)
    expect(await world().leftBehind()).toEqual([])
  })

  it('is copied at the usual socket too where its folder is private, and read in place once it is not', async () => {
    const inPrivate = await pathInDrive(await world().spec('hidden', { source: { iso: memtest } }))
    expect(inPrivate).toMatch(/\/iso-[0-9a-f]{12}-memtest\.iso$/)
    expect(await fileFacts(memtest)).toEqual(memtestFacts)
    memtest = world().path('shared', 'memtest.iso')
    await rename(world().path('private', 'memtest.iso'), memtest)
    const moved = await fileFacts(memtest)
    expect(await pathInDrive(await world().spec('hidden', { source: { iso: memtest } }))).toBe(memtest)
    expect(await fileFacts(memtest)).toEqual(moved)
    expect(await world().leftBehind()).toEqual([])
  })

  /** Where the machine `hidden` has its medium; made as far as that, and taken away again. */
  async function pathInDrive(spec: string): Promise<string> {
    const fault = { act: 'kill', when: 'after', entry: attached, file: '' } as const
    await local.run(['up', spec], { fault, ...atUsualSocket })
    const drives = await world().virsh('domblklist', 'hidden')
    await local.json(['destroy', 'hidden'], atUsualSocket)
    return /^ *sda +(.+)$/m.exec(drives)?.[1]?.trim() ?? `no medium: ${drives}`
  }
})

/** Entries of the journal until the medium is in the drive: begin, intent and done of define, pool, disk-0 and attach. */
const attached = 9

/** Nobody else is in the daemon's network. */
const forwarded = 8080

async function stateOf(user: User, name: string, options = {}): Promise<string> {
  return (await user.json<{ state: string }>(['status', name], options)).state
}
