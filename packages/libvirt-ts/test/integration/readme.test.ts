import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect as connectTo, createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { describeWithDaemon } from '../support/daemon.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

describeWithDaemon('the README', (daemon) => {
  it("'s first example runs as printed and prints what is printed", async () => {
    const readme = await readFile(here('../../README.md'), 'utf8')
    const [, example = ''] = /```ts\n(\/\/ example\.ts[\s\S]*?)```/.exec(readme) ?? []
    const [, printed = ''] = /```text\n([\s\S]*?)```/.exec(readme) ?? []
    const { stdout } = await runProgram(example, { LIBVIRT_DEFAULT_URI: daemon().testUri })
    expect(stdout).toBe(printed.replace('myhost', hostname()))
  })

  it("'s example of a way of one's own to a daemon runs, with another address", async () => {
    const readme = await readFile(here('../../README.md'), 'utf8')
    const example =
      [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].find(([, text]) => text?.includes('Dialer'))?.[1] ?? ''
    const socket = new URL(daemon().testUri).searchParams.get('socket') ?? ''
    const server = createServer((client) => client.pipe(connectTo(socket)).pipe(client)).listen(0, '127.0.0.1')
    try {
      await once(server, 'listening')
      const address = server.address()
      const port = typeof address === 'object' ? address?.port : undefined
      const uri = `test+tcp://127.0.0.1:${String(port)}/default`
      const { stdout } = await runProgram(example.replace('qemu+tcp://kvm1/system', uri), {})
      expect(stdout).toBe(`${hostname()}\n`)
    } finally {
      server.close()
    }
  })

  it("'s example of testing runs as printed", async () => {
    const readme = await readFile(here('../../README.md'), 'utf8')
    const example = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].at(-1)?.[1] ?? ''
    expect((await runProgram(example, {})).stdout).toBe('node1\n')
  })
})

async function runProgram(source: string, env: Readonly<Record<string, string>>): Promise<{ stdout: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'libvirt-ts-readme-'))
  try {
    const entry = join(folder, 'example.ts')
    const outfile = join(folder, 'example.mjs')
    await writeFile(entry, source)
    const alias = { 'libvirt-ts/testing': here('../../src/testing/index.ts'), 'libvirt-ts': here('../../src/index.ts') }
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      alias,
    })
    return await promisify(execFile)(process.execPath, [outfile], { env: { ...process.env, ...env } })
  } finally {
    await rm(folder, { recursive: true })
  }
}
