/** init, validate and schema, as a person uses them. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { runMain, temporaryFolder } from '../../support/run-cli.ts'

const app = { specProviders: async () => ({ kvm: z.strictObject({ network: z.string().optional() }) }) }
const run = (cwd: string, ...argv: readonly string[]) => runMain(argv, { cwd, app })

describe('init', () => {
  test('writes a spec that is valid, and its schema', async () => {
    const cwd = await temporaryFolder()
    const { exitCode, stdout } = await run(cwd, 'init')
    expect(exitCode).toBe(0)
    expect(stdout).toContain('azl-vm up')
    expect((await readdir(cwd)).sort()).toEqual(['azl-vm.schema.json', 'azl-vm.yaml'])
    expect(await run(cwd, 'validate')).toMatchObject({
      exitCode: 0,
      stdout: 'azl-vm.yaml is a valid spec of the machine quickstart\n',
    })
    expect(JSON.parse(await readFile(join(cwd, 'azl-vm.schema.json'), 'utf8'))).toHaveProperty('properties.machine')
  })

  test.each(['minimal', 'full', 'secure-boot'])('writes the template %s', async (template) => {
    const cwd = await temporaryFolder()
    expect((await run(cwd, 'init', template, '--out', 'my spec.yaml')).exitCode).toBe(0)
    expect((await run(cwd, 'validate', 'my spec.yaml')).exitCode).toBe(0)
  })

  test.each(['quickstart', 'minimal', 'full', 'secure-boot'])(
    'the spec of %s names the schema beside it, for editors, and nothing of the checkout',
    async (template) => {
      const cwd = await temporaryFolder({ 'below/kept': '' })
      expect((await run(cwd, 'init', template, '--out', 'below/spec.yaml')).exitCode).toBe(0)
      const lines = (await readFile(join(cwd, 'below', 'spec.yaml'), 'utf8')).split('\n')
      expect(lines.filter((line) => line.includes('$schema'))).toEqual([
        '# yaml-language-server: $schema=./azl-vm.schema.json',
      ])
      expect(await readdir(join(cwd, 'below'))).toContain('azl-vm.schema.json')
    },
  )

  test('never writes over a spec, says so, and says what to do', async () => {
    const cwd = await temporaryFolder({ 'azl-vm.yaml': 'mine' })
    const { exitCode, stderr } = await run(cwd, 'init')
    expect(exitCode).toBe(2)
    expect(stderr).toContain('azl-vm.yaml is there already; nothing was written')
    expect(stderr).toContain('--force')
    expect(await readFile(join(cwd, 'azl-vm.yaml'), 'utf8')).toBe('mine')
    expect(await readdir(cwd)).toEqual(['azl-vm.yaml'])
  })

  test('replaces one with --force', async () => {
    const cwd = await temporaryFolder({ 'azl-vm.yaml': 'mine' })
    expect((await run(cwd, 'init', 'minimal', '--force')).exitCode).toBe(0)
    expect(await readFile(join(cwd, 'azl-vm.yaml'), 'utf8')).toContain('azl4-eval')
  })

  test('does not let the spec take the place of the schema', async () => {
    const cwd = await temporaryFolder()
    expect((await run(cwd, 'init', '--out', './azl-vm.schema.json')).exitCode).toBe(2)
    expect(await readdir(cwd)).toEqual([])
  })

  test('a folder that is not there', async () => {
    const { exitCode, stderr } = await run(await temporaryFolder(), 'init', '--out', 'no/such.yaml')
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('the folder of no/such.yaml is not there')])
  })

  test('a template that is not there: did you mean', async () => {
    const cwd = await temporaryFolder()
    const { exitCode, stderr } = await run(cwd, 'init', 'minmal')
    expect(exitCode).toBe(2)
    expect(stderr).toContain("did you mean 'minimal'?")
    expect(await readdir(cwd)).toEqual([])
    expect((await run(cwd, 'init', '../package')).exitCode).toBe(2)
  })

  test('--list lists the templates and writes nothing', async () => {
    const cwd = await temporaryFolder()
    const { stdout } = await run(cwd, 'init', '--list')
    expect(stdout).toMatch(/^TEMPLATE +WHAT IT IS\nfull +Every key/)
    expect(await readdir(cwd)).toEqual([])
  })
})

describe('validate', () => {
  test('--output json gives the spec with its defaults', async () => {
    const cwd = await temporaryFolder({ 'a.yaml': 'version: 1\nname: a\nsource: { iso: x.iso }\n' })
    const { stdout } = await run(cwd, 'validate', 'a.yaml', '-o', 'json', '--set', 'machine.cpus=3')
    expect(JSON.parse(stdout)).toMatchObject({
      isValid: true,
      file: join(cwd, 'a.yaml'),
      spec: { machine: { cpus: 3, memory: 4 * 1024 ** 3 }, source: { iso: join(cwd, 'x.iso') } },
    })
  })

  test('faults on stderr, or with their places as JSON on stdout', async () => {
    const cwd = await temporaryFolder({ 'a.yaml': 'version: 1\nname: a\nsource: { iso: x.iso }\nmemory: 4GiB\n' })
    const text = await run(cwd, 'validate', 'a.yaml')
    expect(text).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: "error: a.yaml:4:1: unknown key 'memory'\n  memory: 4GiB\n  ^\nhint: did you mean machine.memory?\n",
    })
    const json = await run(cwd, 'validate', 'a.yaml', '-o', 'json')
    expect([json.exitCode, json.stderr]).toEqual([2, ''])
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: {
        code: 'spec-invalid',
        diagnostics: [{ path: ['memory'], file: 'a.yaml', line: 4, column: 1, message: "unknown key 'memory'" }],
      },
    })
  })

  test('a hostile file name is shown, not obeyed', async () => {
    const { stderr } = await run(await temporaryFolder(), 'validate', 'a\u001b[2Jb.yaml')
    expect(stderr).toContain('a\\x1b[2Jb.yaml is not there')
  })
})

describe('schema', () => {
  test('prints the schema, the same in both formats', async () => {
    const cwd = await temporaryFolder()
    const text = await run(cwd, 'schema')
    expect(JSON.parse(text.stdout)).toMatchObject({ title: 'azl-vm spec', properties: { kvm: { type: 'object' } } })
    expect((await run(cwd, 'schema', '-o', 'json')).stdout).toBe(text.stdout)
  })

  test('--out writes it, and not over a file that is there', async () => {
    const cwd = await temporaryFolder()
    expect((await run(cwd, 'schema', '--out', 's.json')).stdout).toBe('wrote s.json\n')
    await writeFile(join(cwd, 's.json'), 'mine')
    expect((await run(cwd, 'schema', '--out', 's.json')).exitCode).toBe(2)
    expect(await readFile(join(cwd, 's.json'), 'utf8')).toBe('mine')
  })
})
