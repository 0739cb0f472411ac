/** The arrows between rooms: forbidden imports are reported, and the sources hold none. */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { arrows, forbiddenImport, leaves, tops } from '../../scripts/lint/arrows.mjs'
import { repositoryRoot } from '../support/run-cli.ts'

const roots = ['src', 'providers', 'packages']

async function sourceFiles(): Promise<string[]> {
  const lists = roots.map(async (root) => {
    const entries = await readdir(join(repositoryRoot, root), { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
      .map((entry) => relative(repositoryRoot, join(entry.parentPath, entry.name)).split(sep).join('/'))
  })
  return (await Promise.all(lists)).flat()
}

/** `from '…'`, `import('…')` and `import '…'`; sources here have one import per statement, so text is enough. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:^|[\s;])(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '')
}

describe('the sources', () => {
  test('hold no import that the arrows forbid', async () => {
    const files = await sourceFiles()
    expect(files).toContain('src/main.ts')
    const reports = files.map(async (file) => {
      const text = await readFile(join(repositoryRoot, file), 'utf8')
      return importsOf(text).flatMap((specifier) => forbiddenImport(file, specifier) ?? [])
    })
    expect((await Promise.all(reports)).flat()).toEqual([])
  })

  test('lie in rooms that the arrows name', async () => {
    const rooms = new Set((await sourceFiles()).map((file) => file.split('/').slice(0, 2).join('/')))
    const known = new Set([...Object.keys(arrows), ...Object.keys(tops), ...leaves])
    const unknown = [...rooms].filter((room) => !known.has(room) && !room.startsWith('providers/'))
    expect(unknown).toEqual([])
  })
})

describe('a forbidden import is reported:', () => {
  test.each([
    ['a lower room imports a higher one', 'src/spec/x.ts', '../pipeline/run.ts'],
    ['core imports a provider', 'src/pipeline/x.ts', '../../providers/kvm/index.ts'],
    ['a command imports a provider', 'src/commands/x.ts', '../../providers/kvm/index.ts'],
    ['main imports a provider', 'src/main.ts', '../providers/kvm/index.ts'],
    ['a provider imports another', 'providers/vmware/x.ts', '../kvm/index.ts'],
    ['a provider imports the pipeline', 'providers/kvm/x.ts', '../../src/pipeline/run.ts'],
    ['a provider imports a command', 'providers/kvm/x.ts', '../../src/commands/up.ts'],
    ['another provider than kvm imports libvirt-ts', 'providers/vmware/x.ts', 'libvirt-ts'],
    ['core imports libvirt-ts', 'src/pipeline/x.ts', 'libvirt-ts/testing'],
    ['the provider port imports a provider', 'src/provider/x.ts', '../../providers/kvm/index.ts'],
    ['the pipeline imports a command', 'src/pipeline/x.ts', '../commands/up.ts'],
    ['the pipeline imports the terminal', 'src/pipeline/x.ts', '../cli/table.ts'],
    ['the pipeline imports the lab', 'src/pipeline/x.ts', '../lab/matrix.ts'],
    ['the serial port imports the media', 'src/console/x.ts', '../media/find.ts'],
    ['the framework imports a verb', 'src/cli/x.ts', '../commands/up.ts'],
    ['a room imports main', 'src/commands/x.ts', '../main.ts'],
    ['a room imports the composition', 'src/commands/x.ts', '../compose.ts'],
    ['libvirt-ts imports azl-vm', 'packages/libvirt-ts/src/x.ts', '../../../src/errors.ts'],
    ['libvirt-ts imports a package', 'packages/libvirt-ts/src/x.ts', 'zod'],
    ['the probe imports azl-vm', 'packages/boot-probe/src/x.ts', '../../../src/errors.ts'],
    ['a process is started outside host', 'src/pipeline/x.ts', 'execa'],
    ['YAML is read outside spec', 'src/commands/x.ts', 'js-yaml'],
  ])('%s', (_what, file, specifier) => {
    expect(forbiddenImport(file, specifier)).toBeDefined()
  })

  test.each([
    ['itself', 'src/spec/x.ts', './y.ts'],
    ['a leaf', 'src/store/x.ts', '../errors.ts'],
    ['Node', 'packages/libvirt-ts/src/x.ts', 'node:net'],
    ['a lower room', 'src/pipeline/x.ts', '../store/paths.ts'],
    ['the port, by a provider', 'providers/kvm/x.ts', '../../src/provider/contract.ts'],
    ['libvirt-ts, by kvm', 'providers/kvm/x.ts', 'libvirt-ts'],
    ['the providers, by the composition', 'src/compose.ts', '../providers/kvm/index.ts'],
  ])('but not %s', (_what, file, specifier) => {
    expect(forbiddenImport(file, specifier)).toBeUndefined()
  })
})

describe('the lint rule', () => {
  test('reports every form of import, in a file where it is forbidden', async () => {
    const eslint = new ESLint({ cwd: repositoryRoot, overrideConfig: { rules: {} } })
    const config = (await eslint.calculateConfigForFile('src/spec/x.ts')) as { rules: Record<string, unknown> }
    expect(config.rules['azl-vm/arrows']).toEqual([2])
    const plain = new ESLint({
      cwd: repositoryRoot,
      // The file is not on disk, so there are no types of it: this rule needs none.
      overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: false } } },
      ruleFilter: ({ ruleId }) => ruleId === 'azl-vm/arrows',
    })
    const text = [
      "import { a } from '../pipeline/a.ts'",
      "import type { B } from '../pipeline/b.ts'",
      "export { c } from '../pipeline/c.ts'",
      "export * from '../pipeline/d.ts'",
      "export const e = () => import('../pipeline/e.ts')",
      "export type F = import('../pipeline/f.ts').F",
      "import { g } from './g.ts'",
    ].join('\n')
    const [result] = await plain.lintText(text, { filePath: 'src/spec/x.ts' })
    const reported = result?.messages.filter((message) => message.ruleId === 'azl-vm/arrows') ?? []
    expect(reported.map((message) => message.line)).toEqual([1, 2, 3, 4, 5, 6])
    expect(reported[0]?.message).toBe('src/spec must not import src/pipeline; it may import nothing but itself')
  })
})
