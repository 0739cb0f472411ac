import path from 'node:path'
import { completionScripts, completionShells } from '../cli/completion/scripts.ts'
import { defineCommand } from '../cli/command.ts'
import { writeOutput } from './write-output.ts'

export const command = defineCommand({
  description:
    'Prints the script that lets a shell complete verbs, options, their values, names of machines and files. How it is ' +
    'installed stands in its first lines. It holds no list: after an update of azl-vm it knows what is new.',
  positionals: [{ name: 'shell', required: true, choices: completionShells, description: 'The shell.' }],
  options: {
    out: { type: 'string', placeholder: 'FILE', description: 'Write it to this file, replacing one that is there.' },
  },
  examples: [
    { command: 'eval "$(azl-vm completion bash)"', text: 'For this bash.' },
    { command: 'azl-vm completion zsh --out ~/.zfunc/_azl-vm', text: 'For every zsh whose fpath has that folder.' },
    { command: 'azl-vm completion fish | source', text: 'For this fish.' },
  ],
  async handler(args, ctx) {
    const script = completionScripts[args.shell]
    if (args.out === undefined) return { data: { shell: args.shell, script }, text: () => script }
    const file = path.resolve(ctx.cwd, args.out)
    await writeOutput(file, Buffer.from(script))
    return { data: { shell: args.shell, file }, text: () => `wrote ${file}` }
  },
})
