import { defineCommand } from '../cli/command.ts'
import { destroyMachine } from '../pipeline/destroy.ts'
import type { RemovalReport } from '../provider/contract.ts'
import { hostOption, lockWaitOf, machinePositional, waitOption, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Removes the machine and all that it made: disks, firmware variables, TPM state, serial log. Never a file that the ' +
    'spec named, and never a machine that azl-vm did not make. Naming the machine is consent: nothing is asked.',
  positionals: [machinePositional],
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm destroy azl4-eval', text: 'Remove it.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'destroy', async ({ environment, provider, info, bus }) => {
      const report = await destroyMachine({
        environment,
        provider,
        info,
        bus,
        signal: ctx.signal,
        lockWaitMs: lockWaitOf(args),
      })
      return {
        data: { machine: info.ref.name, ...report },
        text: () => destroyText(info.ref.name, report),
        ...(report.kept.some(({ isOurs }) => isOurs) ? { exitCode: 4 } : {}),
      }
    })
  },
})

function destroyText(name: string, report: RemovalReport): string {
  return [
    `${name} is removed:`,
    ...report.removed.map((what) => `  ${what}`),
    ...(report.kept.length === 0 ? [] : ['kept:', ...report.kept.map(({ what, why }) => `  ${what} (${why})`)]),
  ].join('\n')
}
