import { defineCommand } from '../cli/command.ts'
import { loadSpecOf, specOptions, specPositional } from './spec-arguments.ts'

export const command = defineCommand({
  description:
    'Reads a spec and says everything that is wrong with it, each fault with its line and what to write instead. ' +
    'Asks no hypervisor and opens no image: `plan` and `up` do that.',
  positionals: [specPositional],
  options: specOptions,
  examples: [
    { command: 'azl-vm validate', text: 'Check ./azl-vm.yaml.' },
    {
      command: 'azl-vm validate eval.yaml --set machine.memory=8GiB',
      text: 'Check a spec as a run with another memory would see it.',
    },
    {
      command: 'azl-vm validate eval.yaml --output json',
      text: 'The spec with all its defaults, or its faults, as JSON.',
    },
  ],
  async handler(args, ctx) {
    const loaded = await loadSpecOf(args, ctx)
    return {
      data: { isValid: true, file: loaded.file, digest: loaded.digest, spec: loaded.spec },
      text: () => `${args.spec ?? 'azl-vm.yaml'} is a valid spec of the machine ${loaded.spec.name}`,
    }
  },
})
