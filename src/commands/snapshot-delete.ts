import { defineCommand } from '../cli/command.ts'
import { deleteSnapshot } from '../pipeline/snapshots.ts'
import { hostOption, lifecycleRequest, waitOption, withMachine } from './machine-arguments.ts'
import { snapshotPositionals } from './snapshot-arguments.ts'

export const command = defineCommand({
  description:
    'Forgets a snapshot. The machine, its clones and its other snapshots stay as they are; space that they share with ' +
    'it is freed with the last of them.',
  positionals: snapshotPositionals,
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm snapshot delete azl4-eval installed', text: 'It is not needed any more.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'snapshot delete', async (work) => {
      await deleteSnapshot(lifecycleRequest(work, args, ctx), args.snapshot)
      const machine = work.info.ref.name
      return {
        data: { machine, snapshot: args.snapshot },
        text: () => `the snapshot ${args.snapshot} of ${machine} is deleted`,
      }
    })
  },
})
