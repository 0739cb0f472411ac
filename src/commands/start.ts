import { defineCommand } from '../cli/command.ts'
import { startMachine } from '../pipeline/lifecycle.ts'
import { sshText } from './endpoint-text.ts'
import { hostOption, lifecycleRequest, machinePositional, waitOption, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description: 'Switches the machine on as it is, or lets a paused one go on. One that runs is left alone.',
  positionals: [machinePositional],
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm start azl4-eval', text: 'Switch it on.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'start', async (work) => {
      const { provider, info, call } = work
      const wasRunning = info.state === 'running'
      const result = await startMachine(lifecycleRequest(work, args, ctx))
      const endpoint = await provider.endpoint(info.ref, call)
      return {
        data: {
          machine: info.ref.name,
          wasRunning,
          acceleration: result.acceleration,
          outputs: result.outputs,
          endpoint,
        },
        text: () =>
          wasRunning
            ? `${info.ref.name} was running already`
            : `${info.ref.name} is running (${result.acceleration})${sshText(endpoint)}`,
      }
    })
  },
})
