import { describe, expect, it } from 'vitest'
import { setupAdvice } from '../../../scripts/host-setup/advice.mjs'
import { detectPlatform, parseOsRelease } from '../../../scripts/host-setup/platform.mjs'
import { fakeHost } from './fake-host.ts'

const platformOf = (osRelease: string) => detectPlatform(fakeHost({ files: { '/etc/os-release': osRelease } }).host)

describe('parseOsRelease', () => {
  it('reads all three ways to quote', () => {
    expect(parseOsRelease('ID=debian\nNAME="Debian GNU/Linux"\nVERSION=\'12 (bookworm)\'\n# words\n')).toEqual({
      ID: 'debian',
      NAME: 'Debian GNU/Linux',
      VERSION: '12 (bookworm)',
    })
  })
})

describe('detectPlatform', () => {
  it.each([
    ['ID=debian', 'debian'],
    ['ID=ubuntu\nID_LIKE=debian', 'debian'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'debian'],
    ['ID=fedora', 'fedora'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'fedora'],
    ['ID=arch', 'arch'],
    ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"', 'suse'],
    ['ID=alpine', 'alpine'],
    ['ID=nixos', 'other-linux'],
    ['', 'other-linux'],
  ])('%j is %s', (osRelease, kind) => {
    expect(platformOf(osRelease).kind).toBe(kind)
  })

  it('takes systemd for there only where it is the init that runs', () => {
    expect(detectPlatform(fakeHost().host).hasSystemd).toBe(false)
    expect(detectPlatform(fakeHost({ files: { '/run/systemd/system': '' } }).host).hasSystemd).toBe(true)
  })

  it('knows the two that have no os-release', () => {
    expect(detectPlatform(fakeHost({ platform: 'win32' }).host).kind).toBe('windows')
    expect(detectPlatform(fakeHost({ platform: 'darwin' }).host).kind).toBe('macos')
  })
})

describe('setupAdvice', () => {
  const adviceFor = (osRelease: string, commands: readonly string[] = []) => {
    const { host } = fakeHost({ files: { '/etc/os-release': osRelease }, commands })
    return setupAdvice(host, detectPlatform(host), [])
  }

  it.each([
    ['ID=fedora', 'sudo dnf install'],
    ['ID=arch', 'sudo pacman -S'],
    ['ID=opensuse\nID_LIKE=suse', 'sudo zypper install'],
    ['ID=alpine', 'sudo apk add'],
  ])('for %j has the command', (osRelease, command) => {
    expect(adviceFor(osRelease)).toContain(command)
  })

  it('names only what is missing', () => {
    const advice = adviceFor('ID=fedora', ['qemu-system-x86_64'])
    expect(advice).toContain('libvirtd or virtqemud')
    expect(advice).not.toContain('qemu-system-x86_64 (QEMU')
  })

  it('says that the service is not running where the programs are there', () => {
    expect(adviceFor('ID=arch', ['qemu-system-x86_64', 'libvirtd'])).toContain('the service is not running')
  })

  it.each(['win32', 'darwin'] as const)('on %s says of each hypervisor what it lacks, and the fix', (platform) => {
    const { host } = fakeHost({ platform })
    const findings = [
      { level: 'warning', message: 'little memory' },
      { level: 'error', message: 'the feature is off', fix: 'Turn it on.' },
    ]
    const advice = setupAdvice(host, detectPlatform(host), [{ title: 'Hyper-V', isReady: false, findings }])
    expect(advice).toContain('  - Hyper-V: the feature is off\n    Turn it on.')
    expect(advice).not.toContain('little memory')
    expect(advice).toContain('npm run quickstart')
  })
})
