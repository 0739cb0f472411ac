import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { comparedRun, type ComparedRun } from '../pipeline/compared-runs.ts'
import { guestDifferences, type GuestDifferences, type GuestRow } from '../pipeline/guest-differences.ts'
import { usageError } from '../usage-error.ts'

export const command = defineCommand({
  description:
    'Puts side by side what the boot probe saw in machines or in earlier runs, and shows where they differ: of one spec ' +
    'on several providers, hosts or versions. What differs between any two machines (MAC addresses, UUIDs) is left out, ' +
    'and what one firmware does not tell is no difference. docs/providers explains what each provider’s guests see.\n\n' +
    'No hypervisor is asked: the reports of the runs count, also of machines that are gone, which the ids of their runs name.',
  positionals: [
    {
      name: 'what',
      required: true,
      variadic: true,
      completes: 'machine',
      description: 'Machines (NAME, or NAME@PROVIDER: the latest boot counts) or ids of runs; at least two.',
    },
  ],
  options: {},
  examples: [
    { command: 'azl-vm compare azl4@kvm azl4@virtualbox', text: 'One spec, two hypervisors.' },
    { command: 'azl-vm compare azl4@kvm azl4@hyperv azl4@vmware --output json', text: 'For a report of a lab.' },
  ],
  async handler(args, ctx) {
    if (args.what.length < 2) throw usageError('compare needs at least two machines or runs', 'name another one')
    const environment = await ctx.app.environment()
    const runs = await Promise.all(args.what.map((word) => comparedRun(environment, word)))
    const found = guestDifferences(runs.map(({ probe }) => probe))
    return {
      data: { compared: runs.map(({ probe: _, ...run }) => run), ...found },
      text: () => comparisonText(runs, found, ctx.width),
    }
  },
})

function comparisonText(runs: readonly ComparedRun[], { differences, same }: GuestDifferences, width: number): string {
  const columns = [
    { title: 'what', value: ({ what }: GuestRow) => what },
    ...runs.map((run, index) => ({
      title: titleOf(run, runs),
      value: ({ values }: GuestRow) => values[index] ?? '(not told)',
    })),
  ]
  const sames = same.map(({ what }) => what).join('; ')
  return [
    differences.length === 0 ? 'No differences.' : renderTable(columns, differences, width),
    '',
    `The same: ${sames === '' ? 'nothing' : sames}.`,
    'Left out, for they differ between any two machines: MAC addresses, UUIDs, serial numbers.',
  ].join('\n')
}

/** Two runs of one machine are told apart by their ids. */
function titleOf({ machine, provider, runId }: ComparedRun, runs: readonly ComparedRun[]): string {
  const isAlone = runs.filter((other) => other.machine === machine && other.provider === provider).length === 1
  return isAlone ? `${machine}@${provider}` : runId
}
