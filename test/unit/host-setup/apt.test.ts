import { describe, expect, it } from 'vitest'
import { ensurePackages, missingPackages, rootPrefix } from '../../../scripts/host-setup/apt.mjs'
import { quickstartPackages, testPackages } from '../../../scripts/host-setup/packages.mjs'
import { SetupError } from '../../../scripts/host-setup/setup-error.mjs'
import { fakeHost, type Given } from './fake-host.ts'

const WANTED = [
  { name: 'tini', why: 'starts libvirt' },
  { name: 'ovmf', why: 'firmware' },
]

/** dpkg-query's answer where tini is installed, and ovmf was once and left its configuration. */
const HALF = { code: 1, stdout: 'tini\tinstalled\novmf\tconfig-files\n', stderr: 'no packages found' }

const half = (given: Given = {}) =>
  fakeHost({ ...given, answer: (line) => (line.startsWith('dpkg-query') ? HALF : given.answer?.(line)) })

describe('missingPackages', () => {
  it('counts a removed package as missing', async () => {
    expect(await missingPackages(half().host, WANTED)).toEqual([WANTED[1]])
  })

  it('says when dpkg-query itself fails', async () => {
    const { host } = fakeHost({ answer: () => ({ code: 2, stderr: 'database is locked' }) })
    await expect(missingPackages(host, WANTED)).rejects.toThrow('database is locked')
  })
})

describe('ensurePackages', () => {
  it('touches nothing where all is installed', async () => {
    const { host, ran } = fakeHost({ answer: () => ({ stdout: 'tini\tinstalled\novmf\tinstalled\n' }) })
    expect(await ensurePackages(host, WANTED)).toEqual([])
    expect(ran).toEqual([expect.stringMatching(/^dpkg-query /)])
  })

  it('says what and why before it installs just that', async () => {
    const { host, ran, said } = half()
    await ensurePackages(host, WANTED)
    expect(said.join('\n')).toMatch(/1 of 2 are missing[^]*ovmf +firmware[^]*apt-get/)
    expect(ran.slice(1)).toEqual([
      expect.stringMatching(/apt-get .*update$/),
      expect.stringMatching(/apt-get .*install -y --no-install-recommends ovmf$/),
    ])
    expect(ran.join('\n')).not.toContain('sudo')
  })

  it('goes through sudo where that asks nothing', async () => {
    const { host, ran } = half({ uid: 1000 })
    await ensurePackages(host, WANTED)
    expect(ran.filter((line) => line.includes('apt-get')).every((line) => line.startsWith('sudo -n env '))).toBe(true)
  })

  it('gives the command and changes nothing where sudo would ask and nobody is there', async () => {
    const { host, ran } = half({ uid: 1000, answer: (line) => (line === 'sudo -n true' ? { code: 1 } : undefined) })
    const outcome = ensurePackages(host, WANTED)
    await expect(outcome).rejects.toThrow(SetupError)
    await expect(outcome).rejects.toThrow('apt-get install --no-install-recommends ovmf')
    expect(ran.some((line) => line.includes('apt-get'))).toBe(false)
  })

  it('stops when apt fails', async () => {
    const { host } = half({ answer: (line) => (line.endsWith('update') ? { code: 100 } : undefined) })
    await expect(ensurePackages(host, WANTED)).rejects.toThrow('exit code 100')
  })
})

describe('rootPrefix', () => {
  it('lets a person at the terminal type the password', async () => {
    const { host } = fakeHost({ uid: 1000, interactive: true, answer: () => ({ code: 1 }) })
    expect(await rootPrefix(host)).toEqual(['sudo'])
  })

  it('knows when there is no sudo at all', async () => {
    expect(await rootPrefix(fakeHost({ uid: 1000, commands: [] }).host)).toBeUndefined()
  })
})

describe('the lists', () => {
  it('have tini for the quickstart only where systemd does not run', () => {
    const names = (hasSystemd: boolean) => quickstartPackages({ arch: 'x64', hasSystemd }).map(({ name }) => name)
    expect(names(false)).toContain('tini')
    expect(names(true)).not.toContain('tini')
  })

  it('have the emulator and firmware of the architecture', () => {
    const names = quickstartPackages({ arch: 'arm64', hasSystemd: true }).map(({ name }) => name)
    expect(names).toContain('qemu-efi-aarch64')
    expect(names).not.toContain('ovmf')
  })

  it.each(['x64', 'arm64'])(
    'on %s name nothing twice, and have both architectures’ emulators for the tests',
    (arch) => {
      const names = testPackages({ arch, hasSystemd: false }).map(({ name }) => name)
      expect(new Set(names).size).toBe(names.length)
      expect(names).toEqual(expect.arrayContaining(['qemu-system-x86', 'ovmf', 'qemu-system-arm', 'qemu-efi-aarch64']))
    },
  )
})
