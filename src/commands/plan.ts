import path from 'node:path'
import { defineCommand } from '../cli/command.ts'
import { planMachine } from '../pipeline/plan-machine.ts'
import { emitScript, scriptLanguages } from './emit-script.ts'
import { usageError } from '../usage-error.ts'
import { withRun } from './machine-arguments.ts'
import { planText } from './plan-text.ts'
import { hostNetworkOption, loadSpecOf, specOptions, specPositional } from './spec-arguments.ts'

export const command = defineCommand({
  description:
    'Shows every operation that `up` would do, in order, each with what it makes and how it is taken back, and in the ' +
    'hypervisor’s own words. Nothing is made. Where the host cannot be asked, its facts are assumed, and marked so.\n\n' +
    'With --emit the same is printed as a script to read, review and run by hand: sh for virsh on KVM, ps1 for ' +
    'PowerShell 5.1 or 7 on Hyper-V. What such a script makes carries no mark: azl-vm never touches it.',
  positionals: [specPositional],
  options: {
    ...specOptions,
    ...hostNetworkOption,
    emit: {
      type: 'string',
      choices: scriptLanguages,
      description: 'Print a script that makes the same machine by hand.',
    },
    out: {
      type: 'string',
      placeholder: 'FILE',
      description:
        'Write the script to this file, replacing one that is there; media that azl-vm makes are put beside it.',
    },
  },
  examples: [
    { command: 'azl-vm plan', text: 'What `up` would do with ./azl-vm.yaml.' },
    { command: 'azl-vm plan eval.yaml --emit sh --out make-eval.sh', text: 'A script to review and to run by hand.' },
  ],
  async handler(args, ctx) {
    if (args.out !== undefined && args.emit === undefined)
      throw usageError('--out takes a script, and none is asked for', 'add --emit sh or --emit ps1')
    const [environment, loaded] = await Promise.all([ctx.app.environment(), loadSpecOf(args, ctx)])
    return await withRun(ctx, environment, 'plan', async (bus) => {
      const out = args.out === undefined ? undefined : path.resolve(ctx.cwd, args.out)
      // A medium of ours is put beside the script, so that the two can be taken elsewhere together.
      const beside = (file: string): string =>
        out === undefined ? file : path.join(path.dirname(out), path.basename(file))
      const planned = await planMachine(environment, loaded, bus, ctx.signal, {
        isHostNetworkAllowed: args['allow-host-network'],
        ...(args.emit !== undefined && { placeOwnMedium: beside }),
      })
      if (args.emit === undefined) return { data: planned, text: () => planText(planned) }
      return await emitScript(planned, loaded, args.emit, out)
    })
  },
})
