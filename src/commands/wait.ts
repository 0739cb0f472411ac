import { defineCommand } from '../cli/command.ts'
import { awaitedStates, waitForState } from '../pipeline/wait-for-state.ts'
import { hostOption, machinePositional, timeoutMsOf, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Waits until the machine is off, or running, as the hypervisor tells it; where it is already, at once. ' +
    'Ends with exit code 5 when the time is over, and says how the machine is; with 2 when it was removed meanwhile.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    for: {
      type: 'string',
      required: true,
      choices: awaitedStates,
      description: 'What to wait for. A saved or crashed machine counts as off.',
    },
    timeout: { type: 'number', placeholder: 'SECONDS', default: 3600, description: 'How long to wait.' },
  },
  examples: [
    { command: 'azl-vm wait azl4-eval --for off', text: 'Go on when the guest has switched itself off.' },
    { command: 'azl-vm wait azl4-eval --for off --timeout 2400', text: 'For at most 40 minutes.' },
  ],
  async handler(args, ctx) {
    const timeoutMs = timeoutMsOf(args)
    return await withMachine(ctx, args, 'wait', async ({ provider, info, bus }) => {
      const found = { provider, info }
      const state = await waitForState({ found, awaited: args.for, timeoutMs, bus, signal: ctx.signal })
      return {
        data: { machine: info.ref.name, awaited: args.for, state },
        text: () => `${info.ref.name} is ${state}`,
      }
    })
  },
})
