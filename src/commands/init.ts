import { readFile, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { assetPath } from '../assets.ts'
import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { didYouMean } from '../did-you-mean.ts'
import { shortened } from '../printable.ts'
import { specJsonSchema } from '../spec/json-schema.ts'
import { defaultSpecFile } from '../spec/read-file.ts'
import { buildSpecSchema } from '../spec/schema.ts'
import { usageError } from '../usage-error.ts'
import { writeNew } from './write-new.ts'

const schemaFile = 'azl-vm.schema.json'

export const command = defineCommand({
  description:
    `Writes ./${defaultSpecFile} from a template, and ./${schemaFile} beside it, so that editors complete and check ` +
    'the spec. The template quickstart needs no download: `azl-vm up` boots it in seconds.',
  positionals: [{ name: 'template', description: 'The template (default: quickstart); see --list.' }],
  options: {
    list: { type: 'boolean', description: 'List the templates; write nothing.' },
    out: { type: 'string', placeholder: 'FILE', description: `Another file than ./${defaultSpecFile}.` },
    force: { type: 'boolean', description: 'Replace files that are there already.' },
  },
  examples: [
    { command: 'azl-vm init', text: 'A machine that boots the probe: nothing to download.' },
    { command: 'azl-vm init minimal', text: 'The least that an ISO needs.' },
    { command: 'azl-vm init full --out azl4.yaml', text: 'Every key with its default and what it means.' },
  ],
  async handler(args, ctx) {
    const templates = await readTemplates()
    if (args.list) return { data: { templates }, text: () => listText(templates, ctx.width) }
    const name = args.template ?? 'quickstart'
    const template = templates.find((each) => each.name === name)
    if (template === undefined) throw unknownTemplate(name, templates)
    const out = args.out ?? defaultSpecFile
    const file = resolve(ctx.cwd, out)
    const schema = specJsonSchema(buildSpecSchema({ providers: await ctx.app.specProviders() }))
    const schemaPath = join(dirname(file), schemaFile)
    if (file === schemaPath) throw usageError(`${schemaFile} is the file of the schema`, 'give the spec another name')
    await writeNew(
      [{ file, shown: out, text: besideSchema(await readFile(assetPath('templates', `${name}.yaml`), 'utf8')) }],
      args.force,
    )
    // The schema is ours and made from this version: an older one is replaced.
    await writeNew([{ file: schemaPath, shown: schemaFile, text: `${JSON.stringify(schema, undefined, 2)}\n` }], true)
    return { data: { template: name, written: [file, schemaPath] }, text: () => writtenText(out) }
  },
})

interface Template {
  readonly name: string
  readonly summary: string
}

/** A template names the schema of the checkout that it lies in; a spec that `init` writes names the one beside it. */
function besideSchema(template: string): string {
  return template.replace(/^(# yaml-language-server: \$schema=).*$/m, `$1./${schemaFile}`) // $schema=../docs/schema/…
}

/** The templates, each with its second line as the summary: the first is the schema's. */
async function readTemplates(): Promise<Template[]> {
  const folder = assetPath('templates')
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()
  return await Promise.all(
    files.map(async (file) => {
      const [, summary = ''] = (await readFile(join(folder, file), 'utf8')).split('\n')
      return { name: file.slice(0, -'.yaml'.length), summary: summary.replace(/^# ?/, '') }
    }),
  )
}

function listText(templates: readonly Template[], width: number): string {
  const columns = [
    { title: 'TEMPLATE', value: (each: Template) => each.name },
    { title: 'WHAT IT IS', value: (each: Template) => each.summary },
  ]
  return renderTable(columns, templates, width)
}

function unknownTemplate(name: string, templates: readonly Template[]) {
  const names = templates.map((each) => each.name)
  const meant = didYouMean(name, names)
  const all = `there are: ${names.join(', ')}`
  return usageError(
    `there is no template '${shortened(name)}'`,
    meant === undefined ? all : `did you mean '${meant}'? ${all}`,
  )
}

function writtenText(out: string): string {
  const spec = out === defaultSpecFile ? '' : ` ${out}`
  return [`wrote ${out} and ${schemaFile}`, '', 'Next:', `  azl-vm validate${spec}`, `  azl-vm up${spec}`].join('\n')
}
