import { defineCommand } from '../cli/command.ts'
import { eventProgress } from '../cli/event-progress.ts'
import { up } from '../pipeline/up.ts'
import { lockWaitOf, waitOption } from './machine-arguments.ts'
import { hostNetworkOption, loadSpecOf, specOptions, specPositional } from './spec-arguments.ts'
import { upText } from './up-text.ts'

export const command = defineCommand({
  description:
    'Creates the machine that the spec describes, attaches its medium, boots it, and returns when the firmware has ' +
    'handed over to the medium (for the boot probe: when its report is complete).\n\n' +
    'A second run changes nothing: a machine that is off is started, and where the spec says something else than ' +
    'the machine has, every difference is shown.',
  positionals: [specPositional],
  options: {
    ...specOptions,
    ...waitOption,
    ...hostNetworkOption,
    locked: { type: 'boolean', description: 'Refuse a medium that the spec gives no checksum for.' },
    rm: { type: 'boolean', description: 'Remove the machine afterwards; what it said is kept.' },
  },
  examples: [
    { command: 'azl-vm up', text: 'Make the machine of ./azl-vm.yaml.' },
    { command: 'azl-vm up eval.yaml --set machine.memory=8GiB', text: 'With more memory than the spec says.' },
    { command: 'azl-vm up templates/quickstart.yaml --rm', text: 'Boot the probe, show what it saw, leave nothing.' },
  ],
  async handler(args, ctx) {
    const [environment, loaded] = await Promise.all([ctx.app.environment(), loadSpecOf(args, ctx)])
    const result = await up(environment, {
      loaded,
      isRemovedAfterwards: args.rm,
      isLocked: args.locked,
      isHostNetworkAllowed: args['allow-host-network'],
      lockWaitMs: lockWaitOf(args),
      signal: ctx.signal,
      listener: eventProgress(ctx.progress),
    })
    return { data: result, text: () => upText(result, ctx.width) }
  },
})
