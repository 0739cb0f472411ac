/** The tool as a process of its own, built into a scratch folder with commands for these tests. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { options } from '../../../scripts/build.mjs'
import { temporaryFolder } from '../../support/run-cli.ts'

let folder: string
let cli: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azl-vm-test-'))
  // A command that waits, to be interrupted, and one that writes much, for a reader that goes away.
  await writeFile(
    join(folder, 'index.ts'),
    `const result = { data: null, text: () => 'x'.repeat(4_000_000) }
     const waiting = (args, ctx) => new Promise((_resolve, reject) => {
       const timer = setInterval(() => undefined, 1000)
       ctx.stdout.write('waiting\\n')
       ctx.signal.addEventListener('abort', () => {
         if (process.env.STUBBORN) return
         clearInterval(timer)
         reject(new DOMException('aborted', 'AbortError'))
       })
     })
     const command = (handler) => ({ positionals: [], options: {}, examples: [], handler })
     const entry = (name, handler) => ({ name, group: 'Host', summary: name, load: async () => ({ command: command(handler) }) })
     export const commandEntries = [
       entry('wait', waiting),
       entry('much', async () => result),
       entry('throw-later', () => new Promise(() => { setTimeout(() => { throw new Error('nobody caught me') }, 1) })),
     ]`,
  )
  await writeFile(join(folder, 'compose.ts'), 'export const compose = async () => ({})')
  await build({
    ...options,
    outdir: folder,
    metafile: false,
    plugins: [
      {
        name: 'other-commands',
        setup({ onResolve }) {
          onResolve({ filter: /commands\/index\.ts$/ }, () => ({ path: join(folder, 'index.ts') }))
          onResolve({ filter: /\/compose\.ts$/ }, () => ({ path: join(folder, 'compose.ts') }))
        },
      },
    ],
  })
  cli = join(folder, 'cli.js')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function start(...argv: readonly string[]) {
  const child = spawn(process.execPath, [cli, ...argv], { stdio: 'pipe' })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const closed = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, stderr }))
  return { child, closed }
}

describe.skipIf(process.platform === 'win32')('signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends the command in good order with 130', async (signal) => {
    const { child, closed } = start('wait')
    await once(child.stdout, 'data')
    child.kill(signal)
    const { exitCode, stderr } = await closed
    expect(exitCode).toBe(130)
    expect(stderr).toContain('interrupted')
  })

  test('the second Ctrl-C ends at once', async () => {
    const child = spawn(process.execPath, [cli, 'wait'], { stdio: 'pipe', env: { ...process.env, STUBBORN: '1' } })
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    const [exitCode] = (await once(child, 'close')) as [number]
    expect(exitCode).toBe(130)
  })
})

describe('output', () => {
  test('all of a long result arrives through a pipe', async () => {
    const { child, closed } = start('much')
    let length = 0
    child.stdout.on('data', (chunk: Buffer) => (length += chunk.length))
    expect((await closed).exitCode).toBe(0)
    expect(length).toBe(4_000_001)
  })

  test('a reader that goes away (| head) ends it quietly', async () => {
    const { child, closed } = start('much')
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await closed).toEqual({ exitCode: 0, stderr: '' })
  })

  test.skipIf(process.platform !== 'linux')('a full disk is an error, not silence', async () => {
    const result = await new Promise<{ code: number; stderr: string }>((resolve) => {
      const child = execFile(
        '/bin/sh',
        ['-c', 'exec "$0" "$1" --version > /dev/full', process.execPath, cli],
        (_error, _stdout, stderr) => {
          resolve({ code: child.exitCode ?? -1, stderr })
        },
      )
    })
    expect(result.code).toBe(3)
    expect(result.stderr).toContain('error: stdout cannot be written')
  })

  test('an error that nobody caught is a bug: 70', async () => {
    const { exitCode, stderr } = await start('throw-later').closed
    expect(exitCode).toBe(70)
    expect(stderr).toContain('nobody caught me')
  })
})

describe('the entry', () => {
  test('is a script for Node that works through a link, as npm makes it', async () => {
    expect((await readFile(cli, 'utf8')).split('\n')[0]).toBe('#!/usr/bin/env node')
    const link = join(await temporaryFolder(), 'azl-vm')
    await symlink(cli, link)
    const child = spawn(process.execPath, [link, '--version'], { stdio: 'pipe' })
    const [output] = (await once(child.stdout, 'data')) as [Buffer]
    expect(output.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('says on an older Node which one it needs, before it loads anything', async () => {
    const preload = join(folder, 'old-node.cjs')
    await writeFile(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })",
    )
    const child = spawn(process.execPath, ['--require', preload, cli, '--version'], { stdio: 'pipe' })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [exitCode] = (await once(child, 'close')) as [number]
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(/^error: azl-vm needs Node\.js 20\.19, 22\.13 or 24 and newer; [^\n]+\n$/)
  })
})
