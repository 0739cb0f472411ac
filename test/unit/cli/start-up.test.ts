/** What Node loads before a command runs: kept small by what may be in it, since times on a busy machine tell little. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import { options } from '../../../scripts/build.mjs'
import { repositoryRoot } from '../../support/run-cli.ts'

let outputs: Metafile['outputs']

beforeAll(async () => {
  const { metafile } = await build({ ...options, write: false })
  outputs = metafile.outputs
})

/** The chunk that was made for a source file, or holds it. */
function chunkOf(source: string): string {
  const found = Object.entries(outputs).find(([, { entryPoint, inputs }]) => entryPoint === source || source in inputs)
  if (found === undefined) throw new Error(`no chunk holds ${source}`)
  return found[0]
}

/** All sources that are loaded with these chunks, without those that are asked for later. */
function loadedWith(...sources: readonly string[]): string[] {
  const open = sources.map(chunkOf)
  const seen = new Set<string>()
  for (let chunk = open.pop(); chunk !== undefined; chunk = open.pop()) {
    if (seen.has(chunk)) continue
    seen.add(chunk)
    for (const { path, kind } of outputs[chunk]?.imports ?? []) if (kind === 'import-statement') open.push(path)
  }
  return [...seen].flatMap((chunk) => Object.keys(outputs[chunk]?.inputs ?? {}))
}

const isOfPackage = (input: string) => input.includes('node_modules/')

describe('what is loaded', () => {
  test('cli.ts alone loads nothing else: the check of the Node version comes first', () => {
    expect(loadedWith('src/cli.ts')).toEqual(['src/cli.ts'])
  })

  test('--version and --help load no package and no command', () => {
    const loaded = loadedWith('src/cli.ts', 'src/run-process.ts', 'src/cli/help.ts')
    expect(loaded.filter(isOfPackage)).toEqual([])
    expect(loaded.filter((input) => /^src\/commands\/(?!index)/.test(input))).toEqual([])
    expect(
      loaded.filter((input) => /^(?:providers|packages|src\/(?:spec|pipeline|store|provider))\//.test(input)),
    ).toEqual([])
  })

  test.each(['validate', 'schema', 'init'])('%s does not load a provider', (verb) => {
    const loaded = loadedWith(`src/commands/${verb}.ts`)
    expect(loaded.filter((input) => /^(?:providers|packages)\//.test(input))).toEqual([])
  })

  test('the parser of arguments is loaded once, in a chunk of its own', () => {
    const holders = Object.values(outputs).filter(({ inputs }) =>
      Object.keys(inputs).some((each) => each.includes('/yargs-parser/')),
    )
    expect(holders).toHaveLength(1)
  })
})

describe('the floor of Node', () => {
  test('is the one of package.json', async () => {
    const manifest = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as {
      engines: { node: string }
    }
    expect(manifest.engines.node).toBe('^20.19.0 || ^22.13.0 || >=24')
    const source = await readFile(join(repositoryRoot, 'src', 'cli.ts'), 'utf8')
    expect(source).toContain('(major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24')
  })
})
