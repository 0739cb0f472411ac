import { defineCommand } from '../cli/command.ts'
import { cloneMachine } from '../pipeline/clone.ts'
import { hostOption, lifecycleRequest, machinePositional, waitOption, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Makes a machine that begins with the disks of another and shares them: only what differs takes space. It is off, ' +
    'and its own in all else: UUID, network addresses, TPM (fresh), firmware variables (a copy), forwarded ports (the ' +
    'host’s side is chosen anew), serial log. What the guest itself keeps (host name, machine-id, SSH host keys) is ' +
    'that of the original.\n\n' +
    'The original must be off, or a snapshot of it be named. It can be used as before afterwards, but not destroyed ' +
    'before its clones.',
  positionals: [machinePositional, { name: 'newname', required: true, description: 'Name of the clone.' }],
  options: {
    ...hostOption,
    ...waitOption,
    snapshot: {
      type: 'string',
      placeholder: 'SNAPSHOT',
      description: 'Begin from this snapshot. Of one with memory the clone has the disks, as after a power cut.',
    },
  },
  examples: [
    { command: 'azl-vm clone azl4-eval azl4-second', text: 'From a machine that is off.' },
    { command: 'azl-vm clone azl4-eval azl4-second --snapshot installed', text: 'From a snapshot; it may run.' },
  ],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'clone', async (work) => {
      const made = await cloneMachine(lifecycleRequest(work, args, ctx), {
        name: args.newname,
        snapshot: args.snapshot,
      })
      const { name } = made.ref
      return {
        data: { machine: work.info.ref.name, clone: made },
        text: () => `${name} is a clone of ${work.info.ref.name}, and off; \`azl-vm start ${name}\` switches it on`,
      }
    })
  },
})
