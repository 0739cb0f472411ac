import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
