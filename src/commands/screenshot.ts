import path from 'node:path'
import { defineCommand } from '../cli/command.ts'
import { hostOption, machinePositional, withMachine } from './machine-arguments.ts'
import { writeOutput } from './write-output.ts'

export const command = defineCommand({
  description: 'Writes what the machine’s screen shows to a PNG file.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    out: {
      type: 'string',
      placeholder: 'FILE',
      description: 'The file (default: NAME.png here). An existing one is replaced.',
    },
  },
  examples: [{ command: 'azl-vm screenshot azl4-eval --out boot.png', text: 'Look at the screen.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'screenshot', async ({ provider, info, call }) => {
      const image = await provider.screenshot(info.ref, call)
      const file = path.resolve(ctx.cwd, args.out ?? `${info.ref.name}.png`)
      await writeOutput(file, image)
      return { data: { file, sizeBytes: image.length }, text: () => file }
    })
  },
})
