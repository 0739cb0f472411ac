import { describe, expect, it } from 'vitest'
import { ensureNpmPackages, npmCommand, staleReason } from '../../../scripts/host-setup/npm.mjs'
import { fakeHost } from './fake-host.ts'

const lock = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages })
const WANTED = lock({
  '': { name: 'azl-vm' },
  'packages/libvirt-ts': { version: '0.1.0' },
  'node_modules/libvirt-ts': { resolved: 'packages/libvirt-ts', link: true },
  'node_modules/zod': { version: '4.6.7' },
  'node_modules/@esbuild/win32-x64': { version: '0.28.2', optional: true },
})
const hostWith = (installed?: string, answer?: (line: string) => { code: number } | undefined) =>
  fakeHost({
    files: {
      '/r/package-lock.json': WANTED,
      ...(installed === undefined ? {} : { '/r/node_modules/.package-lock.json': installed }),
    },
    ...(answer === undefined ? {} : { answer }),
  })
const INSTALLED = lock({ 'node_modules/libvirt-ts': { link: true }, 'node_modules/zod': { version: '4.6.7' } })

describe('staleReason', () => {
  it('asks for an install where there is none', () => {
    expect(staleReason(hostWith().host, '/r')).toBe('none are installed yet')
  })

  it('does not miss what is for other platforms', () => {
    expect(staleReason(hostWith(INSTALLED).host, '/r')).toBeUndefined()
  })

  it('sees another version and a missing package', () => {
    expect(staleReason(hostWith(INSTALLED.replace('4.6.7', '4.6.6')).host, '/r')).toBe(
      'node_modules/zod is 4.6.6, not 4.6.7',
    )
    expect(staleReason(hostWith(lock({ 'node_modules/zod': { version: '4.6.7' } })).host, '/r')).toContain(
      'libvirt-ts is missing',
    )
  })
})

describe('ensureNpmPackages', () => {
  it('says so, and installs with the dev packages that build dist/', async () => {
    const { host, ran, said } = hostWith()
    await ensureNpmPackages(host, '/r')
    expect(said[0]).toContain('npm ci')
    expect(ran).toEqual([expect.stringContaining('ci --include=dev')])
  })

  it('only builds where the packages are there', async () => {
    const { host, ran } = hostWith(INSTALLED)
    await ensureNpmPackages(host, '/r')
    expect(ran).toEqual(['node /r/scripts/build.mjs'])
  })

  it('stops when npm fails', async () => {
    await expect(ensureNpmPackages(hostWith(undefined, () => ({ code: 1 })).host, '/r')).rejects.toThrow('npm ci')
  })
})

describe('npmCommand', () => {
  it('is the npm that runs us', () => {
    const { host } = fakeHost({ env: { npm_execpath: '/n/npm-cli.js' } })
    expect(npmCommand(host, ['ci'])).toEqual([process.execPath, ['/n/npm-cli.js', 'ci']])
  })

  it('goes through cmd.exe on Windows, where npm is a batch file', () => {
    expect(npmCommand(fakeHost({ platform: 'win32' }).host, ['ci'])[0]).toBe('cmd.exe')
  })
})
