import { defineCommand } from '../cli/command.ts'
import { detachInstaller } from '../pipeline/lifecycle.ts'
import { hostOption, lifecycleRequest, machinePositional, waitOption, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Ejects the installer from the machine’s drive, running or off; the drive stays, empty. Your file is not touched; ' +
    'a copy that the hypervisor kept is removed with its last user. A live system that runs from the medium loses it.\n\n' +
    'It stays ejected: `up` and `start` then boot the disk. `destroy` and `up` make a machine with the medium again.',
  positionals: [machinePositional],
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm detach azl4-eval', text: 'The system is installed: boot its disk from now on.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'detach', async (work) => {
      const ejected = await detachInstaller(lifecycleRequest(work, args, ctx))
      const { name } = work.info.ref
      return {
        data: { machine: name, ejected: ejected ?? null },
        text: () => (ejected === undefined ? `the drive of ${name} was empty already` : `${name}: ejected ${ejected}`),
      }
    })
  },
})
