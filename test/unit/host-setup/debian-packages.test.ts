import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderName, parsePolicy, unpackDebianPackages } from '../../../scripts/host-setup/debian-packages.mjs'
import { fakeHost } from './fake-host.ts'

const POLICY = 'memtest86+:\n  Installed: (none)\n  Candidate: 6.10-4\n  Version table:\n     6.10-4 500\n'

/** An apt that knows memtest86+ and writes into the folder that it is run in. */
function aptHost(policy: () => string, download = true) {
  const fake = fakeHost({ answer: (line) => (line.startsWith('apt-cache') ? { stdout: policy() } : undefined) })
  const { capture } = fake.host
  fake.host.capture = (command, args, options) => {
    const work = options?.cwd ?? ''
    if (args.includes('download') && download) writeFileSync(join(work, 'memtest86+_6.10-4_amd64.deb'), '')
    if (command === 'dpkg-deb') mkdirSync(join(work, 'tree', 'boot'), { recursive: true })
    return capture(command, args, options)
  }
  return fake
}

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'azl-deb-'))

describe('unpackDebianPackages', () => {
  it('unpacks into a folder by name and version, and leaves nothing else', async () => {
    const dir = emptyFolder()
    const { host } = aptHost(() => POLICY)
    expect(await unpackDebianPackages(host, ['memtest86+'], dir)).toEqual({
      'memtest86+': join(dir, 'memtest86+_6.10-4'),
    })
    expect(existsSync(join(dir, 'memtest86+_6.10-4', 'boot'))).toBe(true)
    expect(readdirSync(dir)).toEqual(['memtest86+_6.10-4'])
  })

  it('uses what is there without a download, also where apt has forgotten it', async () => {
    const dir = emptyFolder()
    mkdirSync(join(dir, 'memtest86+_6.10-4'))
    for (const policy of [POLICY, '']) {
      const { host, ran } = aptHost(() => policy)
      expect(await unpackDebianPackages(host, ['memtest86+'], dir)).toEqual({
        'memtest86+': join(dir, 'memtest86+_6.10-4'),
      })
      expect(ran).toEqual(['apt-cache policy memtest86+'])
    }
  })

  it('does not take an interrupted one for whole', async () => {
    const dir = emptyFolder()
    mkdirSync(join(dir, 'memtest86+_6.10-4.part-abc'))
    const { host, ran } = aptHost(() => POLICY)
    await unpackDebianPackages(host, ['memtest86+'], dir)
    expect(ran.some((line) => line.includes('download'))).toBe(true)
  })

  it('refreshes apt’s lists only where they lack the package', async () => {
    let policy = ''
    const { host, ran } = aptHost(() => policy)
    const { run } = host
    host.run = (command, args, options) => {
      policy = POLICY
      return run(command, args, options)
    }
    await unpackDebianPackages(host, ['memtest86+'], emptyFolder())
    expect(ran.filter((line) => line.endsWith('update'))).toHaveLength(1)
  })

  it('says which package is in no source', async () => {
    await expect(unpackDebianPackages(aptHost(() => '').host, ['memtest86+'], emptyFolder())).rejects.toThrow(
      "'memtest86+'",
    )
  })

  it('says when the download left nothing, and cleans up', async () => {
    const dir = emptyFolder()
    await expect(unpackDebianPackages(aptHost(() => POLICY, false).host, ['memtest86+'], dir)).rejects.toThrow(
      'left no file',
    )
    expect(readdirSync(dir)).toEqual([])
  })
})

describe('folderName', () => {
  it('has no colon', () => {
    expect(folderName('qemu-utils', '1:7.2+dfsg-7')).toBe('qemu-utils_1%3a7.2+dfsg-7')
  })
})

describe('parsePolicy', () => {
  it('leaves out what has no candidate', () => {
    expect(parsePolicy(`${POLICY}gone:\n  Installed: (none)\n  Candidate: (none)\n`)).toEqual(
      new Map([['memtest86+', '6.10-4']]),
    )
  })
})
