import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import type { SnapshotInfo } from '../provider/snapshot.ts'
import { hostOption, machinePositional, withMachine } from './machine-arguments.ts'
import { holdingText, sizeText } from './snapshot-arguments.ts'

export const command = defineCommand({
  description:
    'Lists the snapshots of a machine, oldest first. The star is beside the one that its state now came from; AFTER is ' +
    'the one that was current when a snapshot was made.',
  positionals: [machinePositional],
  options: hostOption,
  examples: [{ command: 'azl-vm snapshot list azl4-eval', text: 'What can be come back to.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'snapshot list', async ({ provider, info, call }) => {
      const snapshots = await provider.listSnapshots(info.ref, call)
      return {
        data: { machine: info.ref.name, snapshots },
        text: () =>
          snapshots.length === 0
            ? `${info.ref.name} has no snapshots; \`azl-vm snapshot create ${info.ref.name} SNAPSHOT\` makes one`
            : tableOf(snapshots, ctx.width),
      }
    })
  },
})

function tableOf(snapshots: readonly SnapshotInfo[], width: number): string {
  return renderTable<SnapshotInfo>(
    [
      { title: '', value: ({ isCurrent }) => (isCurrent ? '*' : '') },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'CREATED', value: ({ created }) => created.slice(0, 16).replace('T', ' ') },
      { title: 'HOLDS', value: holdingText },
      { title: 'SIZE', value: sizeText, align: 'right' },
      { title: 'AFTER', value: ({ parent }) => parent ?? '' },
    ],
    snapshots,
    width,
  )
}
