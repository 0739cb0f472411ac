import { defineCommand } from '../cli/command.ts'
import { restoreSnapshot } from '../pipeline/snapshots.ts'
import { sshText } from './endpoint-text.ts'
import { hostOption, lifecycleRequest, waitOption, withMachine } from './machine-arguments.ts'
import { snapshotPositionals } from './snapshot-arguments.ts'

export const command = defineCommand({
  description:
    'Brings the machine back to what the snapshot holds: off, or going on where its memory was. What the machine did ' +
    'since is lost unless another snapshot holds it, and one that is on is switched off for it: naming the snapshot is ' +
    'consent. All snapshots stay; the next one begins a branch of its own.',
  positionals: snapshotPositionals,
  options: { ...hostOption, ...waitOption },
  examples: [{ command: 'azl-vm snapshot restore azl4-eval installed', text: 'As if it had not been tried.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'snapshot restore', async (work) => {
      const { provider, info, call } = work
      const { name } = info.ref
      const restored = await restoreSnapshot(lifecycleRequest(work, args, ctx), args.snapshot)
      const endpoint = restored.state === 'running' ? await provider.endpoint(info.ref, call) : undefined
      const before = restored.wasOn ? ' (it was on, and was switched off)' : ''
      return {
        data: { machine: name, snapshot: args.snapshot, ...restored, endpoint },
        text: () => `${name} is back at ${args.snapshot} and ${restored.state}${before}${sshText(endpoint)}`,
      }
    })
  },
})
