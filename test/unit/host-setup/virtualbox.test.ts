import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { debianAddress, ensureVirtualBox, packageOf } from '../../../scripts/host-setup/virtualbox.mjs'
import { fakeHost } from './fake-host.ts'

describe('debianAddress', () => {
  const target = (uri: string, component = 'main') => `MetaKey: x\nRepo-URI: ${uri}\nComponent: ${component}\n`

  it('is that of the archive itself, not of its security updates or of another vendor', () => {
    const targets = ['http://a.test/debian-security/', 'https://b.test/apt/', 'http://c.test/debian/'].map((uri) =>
      target(uri),
    )
    expect(debianAddress(targets.join('\n'))).toBe('http://c.test/debian/')
    expect(debianAddress(targets.slice(0, 2).join('\n'))).toBeUndefined()
  })
})

describe('packageOf', () => {
  it.each([
    ['libcurl-gnutls.so.4', 'libcurl4-gnutls'],
    ['libpng16.so.16', 'libpng16-16t64'],
    ['libstdc++.so.6', 'libstdc++6'],
    ['libgssapi_krb5.so.2', 'libgssapi-krb5-2'],
    ['libgsoapssl++-2.8.142.so', 'libgsoap-2.8.142'],
    ['libz.so.1', 'zlib1g'],
  ])('%s is in %s', (library, name) => {
    const packages = [
      'libc6',
      'libcurl4-gnutls',
      'libgsoap-2.8.142',
      'libgssapi-krb5-2',
      'libpng16-16t64',
      'libstdc++6',
    ]
    expect(packageOf(library, packages)).toBe(name)
  })

  it('is none where none begins alike', () => {
    expect(packageOf('libquite.so.1', ['libc6', 'libother2'])).toBeUndefined()
  })
})

describe('ensureVirtualBox', () => {
  it('says why it is not to be had, and leaves nothing half made', async () => {
    const root = mkdtempSync(join(tmpdir(), 'azl-vbox-'))
    const { host, said } = fakeHost()
    await ensureVirtualBox(host, root)
    expect(said.at(-1)).toContain('are skipped: this machine has no Debian archive among its apt sources')
    expect(readdirSync(join(root, '.cache', 'virtualbox'))).toEqual([])
  })

  it('leaves what is there alone', async () => {
    const root = mkdtempSync(join(tmpdir(), 'azl-vbox-'))
    const usr = join(root, '.cache', 'virtualbox', 'root', 'usr')
    const { host, ran } = fakeHost({ files: { [join(usr, 'lib', 'locale', 'C.utf8')]: '' } })
    await ensureVirtualBox(host, root)
    expect([ran, existsSync(join(root, '.cache'))]).toEqual([[], false])
  })
})
