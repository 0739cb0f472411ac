import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { explainSpec } from '../spec/explain.ts'
import { specJsonSchema } from '../spec/json-schema.ts'
import type { ValueOrigin } from '../spec/loaded-spec.ts'
import { buildSpecSchema } from '../spec/schema.ts'
import { loadSpecOf, specOptions, specPositional } from './spec-arguments.ts'

export const command = defineCommand({
  description:
    'Shows every value that a run would work with, and where it comes from: the line of the spec, an option, the ' +
    'default of the format, or this computer. With KEY: that key, or all below it, and what they mean.\n\n' +
    'Asks no hypervisor. `auto` is what `plan` and `up` decide, once they have asked the host.',
  positionals: [
    { ...specPositional, required: true, description: 'File of the spec.' },
    { name: 'key', description: 'A key: machine.memory, machine.disks[0], timeouts.' },
  ],
  options: specOptions,
  examples: [
    { command: 'azl-vm explain azl-vm.yaml', text: 'Every value and its origin.' },
    { command: 'azl-vm explain azl-vm.yaml machine.firmware', text: 'What these keys mean, and what they are.' },
  ],
  async handler(args, ctx) {
    const loaded = await loadSpecOf(args, ctx)
    const schema = specJsonSchema(buildSpecSchema({ providers: await ctx.app.specProviders() }))
    const values = explainSpec(loaded, schema, args.key)
    const rows = values.map((each) => ({ ...each, where: originText(each.origin) }))
    return {
      data: { file: loaded.file, values },
      text: () =>
        args.key === undefined
          ? renderTable(
              [
                { title: 'KEY', value: ({ key }) => key },
                { title: 'VALUE', value: ({ text }) => text },
                { title: 'FROM', value: ({ where }) => where },
              ],
              rows,
              ctx.width,
            )
          : rows
              .map(({ key, text, where, description }) => `${key}: ${text}\n  from  ${where}\n  what  ${description}`)
              .join('\n\n'),
    }
  },
})

function originText(origin: ValueOrigin): string {
  switch (origin.from) {
    case 'file':
      return `${origin.file}:${String(origin.line)}:${String(origin.column)}`
    case 'option':
      return origin.option
    case 'default':
      return 'default'
    case 'computer':
      return 'default: the architecture of this computer'
  }
}
