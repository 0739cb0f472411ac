import { defineCommand } from '../cli/command.ts'
import { examine, type DoctorReport } from '../doctor/examine.ts'
import { callFor } from '../pipeline/environment.ts'
import { withRun } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Says what this computer can do for azl-vm, what stands in the way, and how to mend it. Changes nothing.',
  positionals: [],
  options: { host: { type: 'string', description: 'Another host than the local one.' } },
  examples: [
    { command: 'azl-vm doctor', text: 'Look at this computer.' },
    { command: 'azl-vm doctor --output json', text: 'For support.' },
  ],
  async handler(args, ctx) {
    const environment = await ctx.app.environment()
    return await withRun(ctx, environment, 'doctor', async (bus) => {
      const { registry, toolVersion, home } = environment
      const report = await examine(
        { registry, toolVersion, home: home.root, host: args.host ?? 'local' },
        callFor(bus, ctx.signal),
      )
      return { data: report, text: () => doctorText(report), ...(report.isReady ? {} : { exitCode: 3 }) }
    })
  },
})

const marks = { ok: 'ok     ', info: 'info   ', warning: 'warning', error: 'ERROR  ' } as const

function doctorText(report: DoctorReport): string {
  const sections = report.sections.flatMap(({ title, findings }) => [
    title,
    ...findings.flatMap((finding) => [
      `  ${marks[finding.level]}  ${finding.message}`,
      ...(finding.fix === undefined ? [] : [`           fix: ${finding.fix}`]),
    ]),
    '',
  ])
  const verdict = report.isReady
    ? 'azl-vm can make machines here.'
    : 'azl-vm cannot make machines here yet: mend what is marked ERROR.'
  return [...sections, verdict].join('\n')
}
