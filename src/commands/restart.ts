import { defineCommand } from '../cli/command.ts'
import { restartMachine } from '../pipeline/lifecycle.ts'
import { sshText } from './endpoint-text.ts'
import {
  hostOption,
  lifecycleRequest,
  machinePositional,
  shutDownTimeoutOption,
  timeoutMsOf,
  waitOption,
  withMachine,
} from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Asks the guest to shut down, waits until the machine is off, and starts it. With --force the reset button is ' +
    'pressed instead: the guest begins anew at once. A machine that is off is started.\n\n' +
    'It resolves when the machine runs, not when its guest has booted; `azl-vm logs NAME --follow` shows that.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    ...waitOption,
    force: { type: 'boolean', description: 'Reset it; what the guest has not written is lost.' },
    ...shutDownTimeoutOption,
  },
  examples: [
    { command: 'azl-vm restart azl4-eval', text: 'Shut it down and start it.' },
    { command: 'azl-vm restart azl4-eval --force', text: 'A guest that hangs hears no request: reset it.' },
  ],
  async handler(args, ctx) {
    const timeoutMs = timeoutMsOf(args)
    return await withMachine(ctx, args, 'restart', async (work) => {
      const { provider, info, call } = work
      const { action, acceleration, outputs } = await restartMachine(lifecycleRequest(work, args, ctx), {
        mode: args.force ? 'force' : 'graceful',
        timeoutMs,
      })
      const endpoint = await provider.endpoint(info.ref, call)
      const { name } = info.ref
      return {
        data: { machine: name, action, acceleration, outputs, endpoint },
        text: () =>
          `${action === 'started' ? `${name} was off and is running` : `${name} was ${action} and is running`} (${acceleration})${sshText(endpoint)}`,
      }
    })
  },
})
