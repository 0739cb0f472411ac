/** What npm would publish: packed, installed into an empty folder, and used in every way that its README promises. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const repository = join(packageFolder, '../..')
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
const run = promisify(execFile)
const onWindows = { shell: process.platform === 'win32' }

/** Answers a call, fails one, and says whether the failure is of the class that was imported. */
const program = `
async function main(): Promise<void> {
  const server = new ScriptedServer()
  server.handle('connectGetHostname', () => ({ hostname: 'node1' }))
  server.handle('domainLookupByName', ({ name }) => {
    throw fault('no-domain', \`no domain with matching name '\${name}'\`)
  })
  const connection: Connection = await connect('test:///default', { dialer: server.dialer })
  console.log(await connection.hostname())
  const error: unknown = await connection.lookupDomain('x').catch((failure: unknown) => failure)
  console.log(isNoDomain(error), error instanceof LibvirtError)
  await connection.close()
}
void main()
`
const programPrints = 'node1\ntrue true\n'

const esm = `
import { connect, isNoDomain, LibvirtError } from 'libvirt-ts'
import type { Connection } from 'libvirt-ts'
import { fault, ScriptedServer } from 'libvirt-ts/testing'
${program}`

const commonJs = `
import libvirt = require('libvirt-ts')
import testing = require('libvirt-ts/testing')
import type { Connection } from 'libvirt-ts'
const { connect, isNoDomain, LibvirtError } = libvirt
const { fault, ScriptedServer } = testing
${program}`

let work = ''
let project = ''
let tarball = ''

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'libvirt-ts-package-'))
  project = join(work, 'empty')
  await mkdir(project)
  const packed = await run('npm', ['pack', '--json', '--pack-destination', work], { cwd: packageFolder, ...onWindows })
  const [{ filename }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('['))) as [{ filename: string }]
  tarball = join(work, filename)
  await writeFile(join(project, 'package.json'), '{ "private": true }')
  const quiet = ['--offline', '--no-audit', '--no-fund', '--no-package-lock']
  await run('npm', ['install', ...quiet, tarball], { cwd: project, ...onWindows })
}, 180_000)

afterAll(() => rm(work, { recursive: true, force: true }))

async function node(file: string, source: string): Promise<{ stdout: string; stderr: string }> {
  await writeFile(join(project, file), source)
  return run(process.execPath, [file], { cwd: project })
}

describe('the packed package', () => {
  it('is loaded by import and by require, without a warning, and both get the same classes', async () => {
    const source = `
      import { createRequire } from 'node:module'
      import * as imported from 'libvirt-ts'
      import * as importedTesting from 'libvirt-ts/testing'
      const require = createRequire(import.meta.url)
      const required = require('libvirt-ts')
      const requiredTesting = require('libvirt-ts/testing')
      const differing = (one, other) =>
        [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => one[name] !== other[name])
      console.log(differing(imported, required), differing(importedTesting, requiredTesting))
      console.log(importedTesting.fault('no-domain', 'x') instanceof required.LibvirtError)
    `
    expect(await node('same.mjs', source)).toEqual({ stdout: '[] []\ntrue\n', stderr: '' })
  })

  it('exports to import every name that the source exports', async () => {
    const source = `
      import * as main from 'libvirt-ts'
      import * as testing from 'libvirt-ts/testing'
      console.log(JSON.stringify([Object.keys(main), Object.keys(testing)].map((names) => names.sort())))
    `
    const sources = await Promise.all([import('../../src/index.ts'), import('../../src/testing/index.ts')])
    expect(JSON.parse((await node('names.mjs', source)).stdout)).toEqual(sources.map((all) => Object.keys(all).sort()))
  })

  it.each([
    // With every declaration checked, which takes a while.
    ['nodenext', { skipLibCheck: false }],
    ['commonjs', { skipLibCheck: true, moduleResolution: 'bundler' }],
  ])('compiles under strict TypeScript as %s, and runs', async (kind, how) => {
    const files = kind === 'commonjs' ? { 'both.ts': esm } : { 'esm.mts': esm, 'cjs.cts': commonJs }
    const folder = join(project, kind)
    await mkdir(folder)
    await symlink(join(repository, 'node_modules/@types'), join(folder, 'types'), 'junction')
    const compilerOptions = {
      target: 'es2022',
      module: kind,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      typeRoots: ['./types'],
      types: ['node'],
      outDir: 'out',
      rootDir: '.',
      ...how,
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    await run(process.execPath, [tsc, '-p', folder]).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout)
    })
    for (const name of Object.keys(files)) {
      const ran = await run(process.execPath, [join(folder, 'out', name.replace('ts', 'js'))])
      expect(ran).toEqual({ stdout: programPrints, stderr: '' })
    }
  })

  it('has nothing that arethetypeswrong knows to complain of', async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarball)))
    expect(result.types && 'problems' in result ? result.problems : result).toEqual([])
  })

  it('has nothing that publint knows to complain of', async () => {
    const data = await readFile(tarball)
    const pack = { tarball: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) }
    const { messages, pkg } = await publint({ pack, strict: true, level: 'suggestion' })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })
})
