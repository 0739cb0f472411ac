/** Whatever is wrong outside of the spec: one clear message, the right exit code, nothing made and nothing lost. */
import { chown, link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { beforeAll, describe, expect, it } from 'vitest'
import { dataIso, fileFacts, hollowIso } from '../support/e2e-isos.ts'
import { until } from '../support/e2e-process.ts'
import type { World } from '../support/e2e-world.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { exists, tellEnd, type RunOptions, type SpecParts, type User } from '../support/tool-world.ts'

interface Fault {
  readonly exitCode: number
  readonly code: string
  /** What, why and what to do, in the order in which a person reads them. */
  readonly says: readonly RegExp[]
}

/** Runs a verb twice, for people and for programs, and compares both with what is expected. */
async function expectFault(user: User, argv: readonly string[], fault: Fault, options: RunOptions = {}): Promise<void> {
  const text = await user.run(argv, options)
  expect(text.exitCode, tellEnd(text)).toBe(fault.exitCode)
  expect(text.stdout).toBe('')
  expect(text.stderr.match(/^error: /gm), tellEnd(text)).toHaveLength(1)
  for (const pattern of fault.says) expect(text.stderr).toMatch(pattern)
  const json = await user.run([...argv, '--output', 'json'], options)
  expect(json.exitCode, tellEnd(json)).toBe(fault.exitCode)
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: fault.code } })
}

describeE2e('up refuses a medium that', (world) => {
  const isos: Record<string, string> = {}

  beforeAll(async () => {
    const at = (name: string): string => (isos[name] = world().path(`${name}.iso`))
    await Promise.all([
      mkdir(at('folder')),
      writeFile(at('empty'), ''),
      writeFile(at('text'), 'this is no image\n'.repeat(4096)),
      dataIso(at('data')),
      hollowIso(at('arm'), 'aarch64'),
      hollowIso(at('good'), 'x86_64'),
      hollowIso(at('cut'), 'x86_64').then(() => truncate(at('cut'), 900 * 1024)),
    ])
  })

  it.each([
    ['is not there', 'nowhere', 'path-not-found', [/there is no file '.*nowhere\.iso'/, /hint: /]],
    ['is a folder', 'folder', 'medium-unreadable', [/is a folder, not an ISO file/, /Name the \.iso file in it/]],
    ['is empty', 'empty', 'medium-empty', [/is empty \(0 bytes\)/, /Download it again/]],
    ['is cut off', 'cut', 'medium-truncated', [/is cut off: \d+ bytes are expected, \d+ are there/, /hint: /]],
    ['is no ISO', 'text', 'medium-not-bootable', [/text\.iso' is /, /Name an ISO file/]],
    ['does not boot', 'data', 'medium-not-bootable', [/'DATA'\) is not bootable: .*\(data only\)/, /hint: /]],
    ['is for another processor', 'arm', 'medium-wrong-architecture', [/aarch64/, /arch/]],
  ] as const)('%s', async (_title, iso, code, says) => {
    const user = await world().user()
    const spec = await world().spec(`bad-${iso}`, { source: { iso: world().path(`${iso}.iso`) } })
    await expectFault(user, ['up', spec], { exitCode: code === 'path-not-found' ? 2 : 6, code, says })
    expect(await world().leftBehind()).toEqual([])
    expect(await user.stateFolders()).toEqual([])
  })

  it('breaks the promise of its checksum', async () => {
    const user = await world().user()
    const { sha256 } = await fileFacts(isos['good'] ?? '')
    const promised = sha256.replaceAll(/[0-7]/g, '9')
    const spec = await world().spec('promise', { source: { iso: isos['good'], checksum: `sha256:${promised}` } })
    const says = [new RegExp(promised), new RegExp(sha256)]
    await expectFault(user, ['up', spec], { exitCode: 6, code: 'medium-checksum-mismatch', says })
    expect(await world().leftBehind()).toEqual([])
  })
})

describeE2e('a host that is not ready', (world) => {
  const socketUri = (file: string): NodeJS.ProcessEnv => ({
    LIBVIRT_DEFAULT_URI: `qemu+unix:///system?socket=${file}`,
  })

  it('has no libvirt, or one that died', async () => {
    const user = await world().user()
    const [missing, dead, first] = [world().path('missing'), world().path('dead'), world().path('first')]
    // A socket that nobody listens at any more: its second name outlives the listener.
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(first, resolve))
    await link(first, dead)
    await new Promise((resolve) => server.close(resolve))
    const says = [/no libvirt answers at/, /hint: Install and start libvirt: .*apt-get install/]
    for (const socket of [missing, dead]) {
      const env = socketUri(socket)
      await expectFault(
        user,
        ['up', await world().spec('nolibvirt')],
        { exitCode: 3, code: 'host-not-ready', says },
        { env },
      )
      const doctor = await user.run(['doctor'], { env })
      expect(doctor.exitCode, tellEnd(doctor)).toBe(3)
      expect(doctor.stdout).toMatch(/ERROR .*no libvirt answers at/)
      expect(doctor.stdout).toMatch(/fix: Install and start libvirt/)
    }
    expect(await user.stateFolders()).toEqual([])
  })

  it('does not let this user in', async () => {
    const user = await world().user()
    await chown(user.home, 65534, 65534)
    await mkdir(world().path('locked'), { mode: 0o700 })
    await symlink(world().daemon.socketPath, world().path('locked', 'sock'))
    const env = socketUri(world().path('locked', 'sock'))
    const says = [/you may not talk to libvirt at/, /hint: Join the group libvirt/]
    const spec = await world().spec('norights')
    await expectFault(user, ['up', spec], { exitCode: 3, code: 'permission-denied', says }, { env, isNobody: true })
    await expectFault(
      user,
      ['ls'],
      { exitCode: 3, code: 'permission-denied', says: [] },
      { env, isNobody: true },
    ).catch(
      // ls lists what it cannot ask beside what it can.
      async () => {
        const end = await user.run(['ls', '--output', 'json'], { env, isNobody: true })
        expect(end.exitCode, tellEnd(end)).toBe(3)
        expect(JSON.parse(end.stdout)).toMatchObject({ machines: [], unreadable: [{ code: 'permission-denied' }] })
      },
    )
  })

  it('has no place to keep the state', async () => {
    const user = await world().user()
    const env = { AZL_VM_HOME: await world().write('home-file', 'not a folder') }
    const says = [/azl-vm cannot keep its state at .*home-file/, /hint: Set AZL_VM_HOME/]
    const fault = { exitCode: 3, code: 'state-not-writable', says }
    await expectFault(user, ['up', await world().spec('stateless')], fault, { env })
    expect(await world().leftBehind()).toEqual([])
  })

  it('has no space for the medium', async () => {
    const user = await world().user()
    await world().inside('mkdir -p /srv/tiny && mount -t tmpfs -o size=256k tiny /srv/tiny')
    const spec = await world().spec('cramped', { storage: { path: '/srv/tiny' } })
    await expectFault(user, ['up', spec], {
      exitCode: 3,
      code: 'no-space',
      says: [/has \S+ \S+ free, and the medium needs/, /hint: Free some space there, or set storage\.path/],
    })
    expect(await world().leftBehind()).toEqual([])
    expect(await user.stateFolders()).toEqual([])
  })

  it('has not the network that the spec names, or it does not run', async () => {
    const user = await world().user()
    const network =
      '<network><name>asleep</name><forward mode="nat"/><ip address="192.168.213.1" netmask="255.255.255.0"/></network>'
    await world().virsh('net-define', await world().write('asleep.xml', network))
    await world().remember()
    for (const [name, ...says] of [
      ['absent', /there is no libvirt network "absent"/, /hint: It has .*asleep/],
      ['asleep', /the libvirt network "asleep" is not active/, /virsh .* net-start asleep/],
    ] as const) {
      const spec = await world().spec(`net-${name}`, { kvm: { network: name } })
      await expectFault(user, ['up', spec], { exitCode: 3, code: 'host-not-ready', says })
    }
    expect(await world().leftBehind()).toEqual([])
  })

  it('has a machine of somebody else by that name', async () => {
    const user = await world().user()
    const xml = '<domain type="qemu"><name>Taken</name><memory unit="MiB">64</memory><os><type>hvm</type></os></domain>'
    await world().virsh('define', await world().write('taken.xml', xml))
    const before = await world().virsh('dumpxml', 'Taken')
    await world().remember()
    for (const name of ['Taken', 'taken']) {
      await expectFault(user, ['up', await world().spec(name)], {
        exitCode: 4,
        code: 'machine-exists',
        says: [/there is already a machine "Taken".*was not made by azl-vm/, /hint: Choose another name/],
      })
    }
    expect(await world().leftBehind()).toEqual([])
    expect(await world().virsh('dumpxml', 'Taken')).toBe(before)
  })
})

describe('a host without UEFI firmware', () => {
  describeE2e('for guests', (world) => {
    it('is said to have none, and how to get it', async () => {
      const user = await world().user()
      // Before libvirt looked for the first time.
      await world().inside(
        'for d in /usr/share/OVMF /usr/share/qemu/firmware; do mount -t tmpfs nothing $d; done; rm -rf /etc/qemu/firmware',
      )
      const says = [/there is no UEFI firmware for x86_64 guests/, /apt-get install ovmf/]
      await expectFault(user, ['up', await world().spec('unfirm')], { exitCode: 3, code: 'host-not-ready', says })
      expect((await user.run(['doctor'])).stdout).toMatch(/ERROR .*no UEFI firmware for x86_64 guests/)
      expect(await world().leftBehind()).toEqual([])
    })
  })
})

describeE2e('a verb', (world) => {
  it('says that no machine has the name that it was given', async () => {
    const user = await world().user()
    const verbs = ['status', 'logs', 'screenshot', 'start', 'stop', 'destroy']
    const fault = {
      exitCode: 2,
      code: 'machine-not-found',
      says: [/there is no machine "ghost"/, /`azl-vm up` makes one/],
    }
    await Promise.all(verbs.map((verb) => expectFault(user, [verb, 'ghost'], fault)))
    const console = await user.run(['console', 'ghost'])
    expect(console.exitCode, tellEnd(console)).toBe(2)
    expect(console.stderr).toMatch(/there is no machine "ghost"/)
  })

  it('that needs a running machine says that this one is off; gc asks nobody where nobody is', async () => {
    const user = await world().user()
    await killedWhereMade(world(), user, 'dark')
    const says = [/the machine "dark" is off/, /`azl-vm start dark` switches it on/]
    await expectFault(user, ['screenshot', 'dark'], { exitCode: 4, code: 'resource-busy', says })
    const console = await user.run(['console', 'dark'])
    expect(console.exitCode, tellEnd(console)).toBe(4)
    for (const pattern of says) expect(console.stderr).toMatch(pattern)

    const gc = await user.run(['gc', '--output', 'json'])
    expect(gc.exitCode, tellEnd(gc)).toBe(2)
    expect(JSON.parse(gc.stdout)).toMatchObject({
      error: { code: 'usage', hint: expect.stringMatching('--yes') as unknown },
    })
    expect(await user.run(['destroy', 'dark'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it('on a machine that another azl-vm works on names it, or waits for it', async () => {
    const user = await world().user()
    const spec = await world().spec('wanted', { source: { probe: { then: 'wait' } } })
    const file = `${user.home}.go-on`
    const holder = user.spawn(['up', spec], { fault: { act: 'hold', when: 'after', entry: attached, file } })
    await until('the first up stands still', () => exists(`${file}.held`))
    const waiting = user.spawn(['up', spec, '--wait'])
    const who = new RegExp(`the machine "wanted" is in use by .azl-vm up. \\(pid ${holder.pid}\\)`)
    for (const argv of [
      ['up', spec],
      ['destroy', 'wanted'],
      ['stop', 'wanted', '--force'],
    ]) {
      await expectFault(user, argv, { exitCode: 4, code: 'resource-busy', says: [who, /--wait/] })
    }
    expect(waiting.isEnded).toBe(false)
    await writeFile(file, '')
    const [held, waited] = await Promise.all([holder.ended, waiting.ended])
    expect(held.exitCode, tellEnd(held)).toBe(0)
    expect(waited.exitCode, tellEnd(waited)).toBe(0)
    expect(waited.stdout).toMatch(/is there as the spec says; nothing was changed/)
    expect(await user.run(['destroy', 'wanted'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })
})

/** Entries of the journal until the medium is in the drive. */
const attached = 9

async function killedWhereMade(world: World, user: User, name: string, more: SpecParts = {}): Promise<void> {
  const fault = { act: 'kill', when: 'after', entry: attached, file: '' } as const
  await user.run(['up', await world.spec(name, more)], { fault })
}
