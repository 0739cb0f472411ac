import { defineCommand } from '../cli/command.ts'
import { createSnapshot } from '../pipeline/snapshots.ts'
import { hostOption, lifecycleRequest, waitOption, withMachine } from './machine-arguments.ts'
import { holdingText, snapshotPositionals } from './snapshot-arguments.ts'

export const command = defineCommand({
  description:
    'Holds the machine as it is, to come back to. Of a machine that is off: its disks and firmware variables. Of one ' +
    'that runs: the memory too; it stands still for a moment, then goes on, and so does its console. The medium in ' +
    'the drive is not part of it.',
  positionals: snapshotPositionals,
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm snapshot create azl4-eval installed', text: 'Before something is tried.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'snapshot create', async (work) => {
      const snapshot = await createSnapshot(lifecycleRequest(work, args, ctx), args.snapshot)
      const machine = work.info.ref.name
      return {
        data: { machine, snapshot },
        text: () => `${machine} is held as ${snapshot.name} (${holdingText(snapshot)})`,
      }
    })
  },
})
