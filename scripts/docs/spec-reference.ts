import { allowedValues, type JsonSchema } from '../../src/spec/json-schema.ts'
import { durationPattern, sizePattern } from '../../src/spec/units.ts'
import { blocks, code, generatedNote, table } from './markdown.ts'

const introduction = `A spec is one YAML file (UTF-8 or UTF-16) of at most 1 MiB. Unknown keys are errors. \`azl-vm validate\` shows every
fault with its line; \`azl-vm init full\` writes a spec with every key; \`azl-vm schema\` prints the
[JSON Schema](schema/azl-vm.schema.json) that editors use.

A **size** is a whole number and its unit: \`512MiB\`, \`4GiB\`, \`2TiB\`. A **duration** likewise: \`90s\`, \`5m\`, \`1h\`, \`7d\`.
A **path** of Windows stands in single quotes: \`'D:\\VMs'\`. Tags, merge keys (\`<<\`) and a second document are refused;
aliases are read.

Each key can be given for one run: \`--set machine.memory=8GiB\`, \`--set 'machine.disks[0].size=32GiB'\`. The value is
YAML, so \`--set 'machine.networks=[]'\` works too. \`--provider\` and \`--host\` are short for such a \`--set\`.`

/** The page of all keys, from the JSON Schema of a spec. */
export function specReference(schema: JsonSchema): string {
  const minimal = ['```yaml', 'version: 1', 'name: azl4-eval', 'source: { iso: ./AzureLinux-4.0-x86_64.iso }', '```']
  return blocks([
    generatedNote,
    '# Keys of a spec',
    introduction,
    'The whole of a useful spec:',
    minimal.join('\n'),
    '## Top level',
    keyTable(schema, ''),
    ...sections(schema, ''),
  ])
}

function sections(schema: JsonSchema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const isList = value.items !== undefined
    const inner = value.items ?? value
    const path = `${prefix}${key}${isList ? '[]' : ''}`
    if (inner.properties === undefined) return []
    return [`## ${code(path)}`, value.description ?? '', keyTable(inner, `${path}.`), ...sections(inner, `${path}.`)]
  })
}

function keyTable(schema: JsonSchema, prefix: string): string {
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => [
    value.properties === undefined && value.items?.properties === undefined
      ? code(key)
      : `[${code(key)}](#${anchor(`${prefix}${key}${value.items === undefined ? '' : '[]'}`)})`,
    typeText(value),
    schema.required?.includes(key) === true ? '**required**' : defaultText(value),
    value.description ?? '',
  ])
  return table(['Key', 'Value', 'Default', 'What it is'], rows)
}

/** As GitHub makes it from a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^a-z0-9-]/g, '')
}

function typeText(schema: JsonSchema): string {
  if (schema.items !== undefined) return 'list'
  if (schema.properties !== undefined) return 'mapping'
  if (schema.pattern === sizePattern.source) return 'size'
  if (schema.pattern === durationPattern.source) return 'duration'
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(', ')
  const allowed = allowedValues(schema)
  if (allowed.length > 0) return allowed.map((each) => code(String(each))).join(', ')
  if (schema.type === 'integer') return `${schema.minimum ?? ''} to ${schema.maximum ?? ''}`
  const example = schema.examples?.[0]
  return example === undefined
    ? 'text'
    : `text such as ${code(shortened(typeof example === 'string' ? example : JSON.stringify(example)))}`
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 12)}…` : text
}

function defaultText({ default: value, properties }: JsonSchema): string {
  if (value === undefined || properties !== undefined) return ''
  if (Array.isArray(value) && value.length > 0) return 'one'
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}
