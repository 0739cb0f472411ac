import { asNobody } from '../../support/as-nobody.ts'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAzlVmError, type AzlVmError } from '../../../src/errors.ts'
import { loadSpec } from '../../../src/spec/load.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { providers, valid } from './helpers.ts'

async function errorOf(file: string | undefined, cwd: string): Promise<AzlVmError> {
  try {
    await loadSpec({ file, cwd, providers, hostArchitecture: 'x86_64' })
  } catch (error) {
    if (isAzlVmError(error)) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('a spec that is not there', () => {
  test('none named, none here: says how to get one', async () => {
    const error = await errorOf(undefined, await temporaryFolder())
    expect(error.message).toBe('no spec was named, and there is no ./azl-vm.yaml here')
    expect(error).toMatchObject({
      code: 'path-not-found',
      exitCode: 2,
      hint: "'azl-vm init' writes one; or name the file of a spec",
    })
  })

  test('none named, but another is here: names it', async () => {
    const error = await errorOf(undefined, await temporaryFolder({ 'eval.yaml': valid, 'notes.txt': '' }))
    expect(error.hint).toContain('name one, for example eval.yaml')
  })

  test.each([
    ['a mistyped name', 'evla.yaml', 'eval.yaml'],
    ['the other ending', 'eval.yml', 'eval.yaml'],
    ['no ending', 'eval', 'eval.yaml'],
    ['in a folder', 'specs/evil.yaml', join('specs', 'eval.yaml')],
  ])('%s: did you mean', async (_what, typed, meant) => {
    const cwd = await temporaryFolder({ 'eval.yaml': valid, 'specs/eval.yaml': valid })
    const error = await errorOf(typed, cwd)
    expect(error).toMatchObject({
      code: 'path-not-found',
      message: `${typed} is not there`,
      hint: `did you mean ${meant}?`,
    })
  })

  test('a folder that is not there, and a file that is taken for one', async () => {
    const cwd = await temporaryFolder({ 'eval.yaml': valid })
    expect((await errorOf('no/such/eval.yaml', cwd)).code).toBe('path-not-found')
    expect((await errorOf('eval.yaml/x.yaml', cwd)).code).toBe('path-not-found')
  })
})

describe('a file that is no spec', () => {
  test('a directory; what is in it is offered', async () => {
    const cwd = await temporaryFolder({ 'specs/eval.yaml': valid })
    expect(await errorOf('specs', cwd)).toMatchObject({
      exitCode: 2,
      message: 'specs is a directory',
      hint: `did you mean ${join('specs', 'eval.yaml')}?`,
    })
  })

  test.skipIf(process.platform === 'win32')('one that may not be read', async () => {
    const cwd = await temporaryFolder({ 'eval.yaml': valid })
    await chmod(join(cwd, 'eval.yaml'), 0)
    expect(await asNobody(cwd, () => errorOf('eval.yaml', cwd))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('you may not read it') as string,
    })
  })

  test('one of more than a mebibyte', async () => {
    const cwd = await temporaryFolder({ 'eval.yaml': `${valid}#${'x'.repeat(1024 ** 2)}` })
    expect(await errorOf('eval.yaml', cwd)).toMatchObject({
      exitCode: 2,
      message: 'eval.yaml is larger than 1 MiB: that is no spec',
    })
  })

  test('an ISO: says where it belongs', async () => {
    const cwd = await temporaryFolder({ 'AzureLinux.iso': new Uint8Array(2 * 1024 ** 2) })
    expect((await errorOf('AzureLinux.iso', cwd)).hint).toContain("'source: { iso: ./AzureLinux.iso }'")
  })

  test('a name that no file can have', async () => {
    const cwd = await temporaryFolder()
    await mkdir(join(cwd, 'x'))
    expect((await errorOf('a\0b', cwd)).exitCode).toBe(2)
    expect((await errorOf('n'.repeat(5000), cwd)).exitCode).toBe(2)
  })
})
