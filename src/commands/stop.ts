import { defineCommand } from '../cli/command.ts'
import { stopMachine } from '../pipeline/lifecycle.ts'
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
    'Asks the guest to shut down and waits until the machine is off. With --force the power is cut at once. ' +
    'The machine stays: `azl-vm destroy` removes it.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    ...waitOption,
    force: { type: 'boolean', description: 'Cut the power; what the guest has not written is lost.' },
    ...shutDownTimeoutOption,
  },
  examples: [
    { command: 'azl-vm stop azl4-eval', text: 'Shut it down.' },
    { command: 'azl-vm stop azl4-eval --force', text: 'A guest in its boot loader hears no request: cut the power.' },
  ],
  async handler(args, ctx) {
    const timeoutMs = timeoutMsOf(args)
    return await withMachine(ctx, args, 'stop', async (work) => {
      const { info } = work
      const wasOff = info.state === 'off'
      const stop = { mode: args.force ? 'force' : 'graceful', timeoutMs } as const
      await stopMachine(lifecycleRequest(work, args, ctx), stop)
      return {
        data: { machine: info.ref.name, wasOff, mode: stop.mode },
        text: () =>
          `${info.ref.name} ${wasOff ? 'was off already' : 'is off'}; \`azl-vm destroy ${info.ref.name}\` removes it`,
      }
    })
  },
})
