import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { specJsonSchema } from '../../../src/spec/json-schema.ts'
import { loadSpec } from '../../../src/spec/load.ts'
import { buildSpecSchema } from '../../../src/spec/schema.ts'
import { parseYaml } from '../../../src/spec/yaml.ts'
import { repositoryRoot } from '../../support/run-cli.ts'
import { providers } from './helpers.ts'

const schema = buildSpecSchema({ providers })
const jsonSchema = specJsonSchema(schema)
// strictTypes would want a type beside each oneOf of required keys, which the schema of zod does not write.
const validate = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false }).compile(jsonSchema)

/** A valid spec with keys put into it. */
function spec(keys: Readonly<Record<string, unknown>> = {}): unknown {
  return { version: 1, name: 'a', source: { iso: './x.iso' }, ...keys }
}

const templateFolder = join(repositoryRoot, 'templates')
const templates = (await readdir(templateFolder)).filter((file) => file.endsWith('.yaml'))

describe('every template', () => {
  test.each(templates)('%s satisfies the JSON Schema and is a spec', async (file) => {
    const text = await readFile(join(templateFolder, file), 'utf8')
    expect(validate(parseYaml(text).value), JSON.stringify(validate.errors)).toBe(true)
    await loadSpec({ file, cwd: templateFolder, providers, hostArchitecture: 'x86_64' })
  })

  test.each(templates)('%s tells editors its schema, and people what it is', async (file) => {
    const [first, second] = (await readFile(join(templateFolder, file), 'utf8')).split('\n')
    expect(first).toBe('# yaml-language-server: $schema=../docs/schema/azl-vm.schema.json')
    expect(second).toMatch(/^# [A-Z].{20,100}[.]$/)
  })

  test('full.yaml names every key, and changes no default', async () => {
    const text = await readFile(join(templateFolder, 'full.yaml'), 'utf8')
    const load = (file: string) => loadSpec({ file, cwd: templateFolder, providers, hostArchitecture: 'x86_64' })
    expect((await load('full.yaml')).spec).toEqual((await load('minimal.yaml')).spec)
    const keys = [...JSON.stringify(jsonSchema).matchAll(/"(\w+)":\{(?="?[a-z])/gi)].map((match) => match[1] ?? '')
    const names = new Set(
      keys.filter((key) => !['properties', 'items', 'network', 'kvm', 'dependencies'].includes(key)),
    )
    expect([...names].filter((key) => !new RegExp(`\\b${key}:`).test(text))).toEqual([])
  })
})

describe('the JSON Schema and the spec refuse the same', () => {
  const hostile = { ['__proto__x']: 1 }
  test.each([
    ['a missing name', { version: 1, source: { iso: 'x' } }],
    ['another version', spec({ version: 2 })],
    ['an unknown key', spec({ memory: '4GiB' })],
    ['an unknown key below', spec({ machine: { memroy: '4GiB' } })],
    ['an unknown key in a list', spec({ machine: { disks: [{ size: '1GiB', sise: 1 }] } })],
    ['a strange key', spec(hostile)],
    ['a bad name', spec({ name: '../x' })],
    ['too long a name', spec({ name: 'a'.repeat(64) })],
    ['a name that is a number', spec({ name: 1 })],
    ['an unknown provider', spec({ provider: 'qemu' })],
    ['an unknown architecture', spec({ arch: 'arm64' })],
    ['nothing to boot', spec({ source: {} })],
    ['two things to boot', spec({ source: { iso: 'x', probe: {} } })],
    ['a checksum of nothing', spec({ source: { probe: {}, checksum: `sha256:${'0'.repeat(64)}` } })],
    ['a bad checksum', spec({ source: { iso: 'x', checksum: 'md5:1' } })],
    ['a probe that does something else', spec({ source: { probe: { then: 'reboot' } } })],
    ['4GB', spec({ machine: { memory: '4GB' } })],
    ['a bare size', spec({ machine: { memory: 4 } })],
    ['a blank in a size', spec({ machine: { memory: '4 GiB' } })],
    ['no processors', spec({ machine: { cpus: 0 } })],
    ['half a processor', spec({ machine: { cpus: 1.5 } })],
    ['a processor count in words', spec({ machine: { cpus: '2' } })],
    ['a mapping of disks', spec({ machine: { disks: { size: '1GiB' } } })],
    ['too many network cards', spec({ machine: { networks: Array.from({ length: 9 }, () => ({})) } })],
    ['an unknown mode', spec({ machine: { networks: [{ mode: 'bridge' }] } })],
    ['a bad hardware address', spec({ machine: { networks: [{ mac: '52:54' }] } })],
    ['an address that is not dhcp', spec({ machine: { networks: [{ address: '10.0.0.1' }] } })],
    ['a port that is none', spec({ machine: { networks: [{ forward: [{ guest: 0 }] }] } })],
    ['a forward without a guest port', spec({ machine: { networks: [{ forward: [{ host: 1 }] }] } })],
    ['yes', spec({ machine: { firmware: { secureBoot: 'yes' } } })],
    ['a bare duration', spec({ timeouts: { boot: 300 } })],
    ['a null', spec({ machine: null })],
    ['a bad onFailure', spec({ onFailure: 'ask' })],
    ["a provider's unknown key", spec({ kvm: { switch: 'a' } })],
    ['a list', []],
  ])('%s', (_what, value) => {
    expect(schema.safeParse(value).success).toBe(false)
    expect(validate(value)).toBe(false)
  })

  test.each([
    ['the least', spec()],
    ['a probe with defaults', spec({ source: { probe: {} } })],
    ['none of everything', spec({ machine: { disks: [], networks: [] } })],
    [
      'a port or any',
      spec({
        machine: {
          networks: [
            {
              forward: [
                { host: 'any', guest: 1 },
                { host: 80, guest: 2 },
              ],
            },
          ],
        },
      }),
    ],
    [
      'a hardware address of either kind',
      spec({ machine: { networks: [{ mac: '52-54-00-00-00-01' }, { mac: 'auto' }] } }),
    ],
    ['a switch of three', spec({ machine: { firmware: { secureBoot: true } } })],
    ["a provider's key", spec({ kvm: { network: 'lab' } })],
  ])('and accept the same: %s', (_what, value) => {
    expect(schema.safeParse(value).success).toBe(true)
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true)
  })
})

describe('the JSON Schema', () => {
  test('is of a draft that editors read, and says of each key what it is', () => {
    expect(jsonSchema['$schema']).toBe('http://json-schema.org/draft-07/schema#')
    const undescribed: string[] = []
    const walk = (value: typeof jsonSchema, path: string): void => {
      for (const [key, below] of Object.entries(value.properties ?? {})) {
        if (below.description === undefined) undescribed.push(`${path}${key}`)
        walk(below, `${path}${key}.`)
        if (below.items !== undefined) walk(below.items, `${path}${key}[].`)
      }
    }
    walk(jsonSchema, '')
    expect(undescribed).toEqual(['kvm.network'])
  })

  test('does not depend on the host', () => {
    expect(jsonSchema.properties?.['arch']).not.toHaveProperty('default')
  })
})
