import { defineCommand } from '../cli/command.ts'
import { AzlVmError } from '../errors.ts'
import { boundedOutput } from '../console/bounded-output.ts'
import { holdConsole } from '../console/hold-console.ts'
import { usageError } from '../usage-error.ts'
import { hostOption, machinePositional, portOption, withMachine } from './machine-arguments.ts'

const longestSeconds = 86_400

export const command = defineCommand({
  description:
    'Connects this terminal with the machine’s serial port, both ways. Ctrl-] leaves. The machine runs on.\n\n' +
    'Where stdin is no terminal, what comes from it is typed and what the guest says is printed, until stdin ends ' +
    'and --for seconds have passed, or the machine is off.',
  positionals: [machinePositional],
  options: {
    ...hostOption,
    ...portOption,
    force: { type: 'boolean', description: 'Take the port over from whoever holds it.' },
    for: {
      type: 'number',
      placeholder: 'SECONDS',
      default: 0,
      description: 'Listen this long after stdin has ended (0: until the machine is off).',
    },
  },
  examples: [{ command: 'azl-vm console azl4-eval', text: 'Sit down at the serial port.' }],
  async handler(args, ctx) {
    if (ctx.output === 'json')
      throw new AzlVmError('usage', 'a console is no JSON document', {
        hint: 'Leave --output json out; `azl-vm logs --output json` has the text.',
      })
    if (!(args.for >= 0 && args.for <= longestSeconds))
      throw usageError('--for takes a number of seconds, 0 to 86400 (a day)', 'write for example --for 10')
    return await withMachine(ctx, args, 'console', async ({ provider, info, call }) => {
      if (info.state !== 'running' && info.state !== 'paused') {
        throw new AzlVmError(
          'resource-busy',
          `the machine "${info.ref.name}" is ${info.state}: nobody is at the other end`,
          { hint: `\`azl-vm start ${info.ref.name}\` switches it on.` },
        )
      }
      const handle = await provider.openConsole(
        info.ref,
        {
          port: args.port,
          force: args.force,
          onData: boundedOutput(ctx.stdout),
        },
        call,
      )
      ctx.progress.say(`connected to ${info.ref.name}; Ctrl-] leaves`)
      const why = await holdConsole(handle, { stdin: ctx.stdin, signal: ctx.signal, lingerMs: args.for * 1000 })
      ctx.progress.say(why)
      return { data: undefined, text: () => '', isWritten: true }
    })
  },
})
