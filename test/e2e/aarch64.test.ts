/** `arch: aarch64`: Debian's arm64 Linux on an emulated machine, its system on a serial port of its own. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { hollowIso } from '../support/e2e-isos.ts'
import { describeE2e } from '../support/e2e-world.ts'
import { tellEnd, type User } from '../support/tool-world.ts'
import { linuxGuestIsoAarch64 } from '../support/linux-guest.ts'

const hasEmulator = existsSync('/usr/bin/qemu-system-aarch64')

describeE2e('an aarch64 machine', (world) => {
  let user: User

  beforeAll(async () => {
    user = await world().user()
  })
  beforeEach(({ skip }) => {
    skip(!hasEmulator, 'qemu-system-arm is not installed')
  })

  it('boots Linux, whose every word is on the system’s port, and the firmware’s on the other; both can be reached', async () => {
    const iso = world().path('arm.iso')
    await linuxGuestIsoAarch64(iso, 'obey')
    const spec = await world().spec('arm', {
      arch: 'aarch64',
      source: { iso },
      machine: { memory: '512MiB', disks: [], networks: [] },
    })
    const result = await user.json<{ evidenceDir: string }>(['up', spec])
    expect(result).toMatchObject({
      action: 'created',
      bootOutcome: { is: 'left-for', target: 'installer' },
      machine: { architecture: 'aarch64', hasSystemPort: true },
      acceleration: 'emulated',
    })
    const followed = user.spawn(['logs', 'arm', '--port', 'system', '--follow'])
    await followed.says('stdout', /guest-is-ready/)
    followed.kill('SIGINT')
    await followed.ended
    // The kernel tells its console all that it said before the console was there.
    expect(followed.stdout.trimStart()).toMatch(/^\[ {4}0\.000000\] Booting Linux on physical CPU/)
    expect(followed.stdout).toMatch(/Machine model: linux,dummy-virt|DMI: QEMU/)
    expect(followed.stdout).not.toMatch(/BdsDxe|EFI stub/)

    const firmware = user.spawn(['console', 'arm'])
    await firmware.says('stderr', /connected to arm/)
    const system = user.spawn(['console', 'arm', '--port', 'system'])
    await system.says('stderr', /connected to arm/)
    system.type('uname -m\r')
    await system.says('stdout', /guest-begin\s+aarch64\s+guest-end 0/)
    for (const console of [firmware, system]) console.kill('SIGINT')
    await Promise.all([firmware.ended, system.ended])

    const { text } = await user.json<{ text: string }>(['logs', 'arm'])
    expect(text).toMatch(/BdsDxe: starting Boot\d+/)
    expect(text).toContain('EFI stub: ')
    expect(await readFile(join(result.evidenceDir, 'serial.log'), 'latin1')).toContain('BdsDxe')
    expect(await readFile(join(result.evidenceDir, 'system.log'), 'latin1')).not.toContain('BdsDxe')
    expect(await user.run(['destroy', 'arm'])).toMatchObject({ exitCode: 0 })
    expect(await world().leftBehind()).toEqual([])
  })

  it.each([
    ['Secure Boot', { firmware: { secureBoot: true } }, 'machine.firmware.secureBoot', /no Secure Boot for aarch64/],
    ['the host’s processor', { acceleration: 'hardware' }, 'machine.acceleration', /runs no aarch64 guests/],
  ])('is refused %s at its key, and nothing is made', async (_what, machine, key, says) => {
    const end = await user.run(['up', await world().spec('refused', { arch: 'aarch64', machine })])
    expect(end.exitCode, tellEnd(end)).toBe(2)
    expect(end.stderr).toMatch(says)
    expect(end.stderr).toContain(key)
    expect(await world().leftBehind()).toEqual([])
  })

  it('is refused a medium for x86_64', async () => {
    const iso = world().path('x86.iso')
    await hollowIso(iso, 'x86_64')
    const end = await user.run(['up', await world().spec('wrong', { arch: 'aarch64', source: { iso } })])
    expect(end.exitCode, tellEnd(end)).toBe(6)
    expect(end.stderr).toMatch(/x86_64/)
    expect(end.stderr).toMatch(/arch/)
    expect(await world().leftBehind()).toEqual([])
  })
})
