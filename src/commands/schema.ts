import { resolve } from 'node:path'
import { defineCommand } from '../cli/command.ts'
import { specJsonSchema } from '../spec/json-schema.ts'
import { buildSpecSchema } from '../spec/schema.ts'
import { writeNew } from './write-new.ts'

export const command = defineCommand({
  description:
    'Prints the JSON Schema (draft 7) of a spec. Editors with the YAML language server use it for completion and ' +
    'checks when the first line of a spec is: # yaml-language-server: $schema=./azl-vm.schema.json',
  positionals: [],
  options: {
    out: { type: 'string', placeholder: 'FILE', description: 'Write it to a file.' },
    force: { type: 'boolean', description: 'Replace the file where it is there already.' },
  },
  examples: [{ command: 'azl-vm schema --out azl-vm.schema.json', text: 'Write the schema beside a spec.' }],
  async handler(args, ctx) {
    const schema = specJsonSchema(buildSpecSchema({ providers: await ctx.app.specProviders() }))
    if (args.out === undefined) return { data: schema, text: () => JSON.stringify(schema, undefined, 2) }
    const file = resolve(ctx.cwd, args.out)
    await writeNew([{ file, shown: args.out, text: `${JSON.stringify(schema, undefined, 2)}\n` }], args.force)
    return { data: { written: [file] }, text: () => `wrote ${args.out ?? ''}` }
  },
})
