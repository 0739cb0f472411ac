import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { callFor } from '../pipeline/environment.ts'
import { takeInventory, type FoundMachine, type Inventory } from '../pipeline/find-machine.ts'
import { isOurs } from '../pipeline/ownership.ts'
import { formatBytes } from '../format-bytes.ts'
import { hostOption, withRun } from './machine-arguments.ts'
import { unreadableData, warnOfUnreadable } from './unreadable-hosts.ts'

export const command = defineCommand({
  description:
    'Lists the machines that azl-vm made, on every host that it knows of. What other tools made is never listed.',
  positionals: [],
  options: {
    ...hostOption,
    foreign: {
      type: 'boolean',
      description: 'Also machines of azl-vm that another user, computer or AZL_VM_HOME made.',
    },
  },
  examples: [{ command: 'azl-vm ls', text: 'What is there.' }],
  async handler(args, ctx) {
    const environment = await ctx.app.environment()
    return await withRun(ctx, environment, 'ls', async (bus) => {
      const inventory = await takeInventory(environment, callFor(bus, ctx.signal), args.host)
      try {
        const shown = inventory.machines.filter(({ info }) => args.foreign || isOurs(info, environment))
        warnOfUnreadable(ctx.progress, inventory.unreadable)
        return {
          data: dataOf(shown, inventory, environment.owner),
          text: () => tableOf(shown, inventory.unreadable.length > 0, ctx.width),
          ...(inventory.unreadable.length > 0 && shown.length === 0
            ? { exitCode: inventory.unreadable[0]?.error.exitCode ?? 3 }
            : {}),
        }
      } finally {
        await inventory.close()
      }
    })
  },
})

function dataOf(shown: readonly FoundMachine[], inventory: Inventory, owner: string): unknown {
  return {
    machines: shown.map(({ provider, info }) => ({
      provider: provider.name,
      host: provider.host,
      isOurs: isOurs(info, { owner }),
      ...info,
    })),
    unreadable: unreadableData(inventory.unreadable),
  }
}

function tableOf(shown: readonly FoundMachine[], isPartial: boolean, width: number): string {
  if (shown.length === 0) return isPartial ? 'no machines found' : 'no machines; `azl-vm up` makes one'
  return renderTable<FoundMachine>(
    [
      { title: 'NAME', value: ({ info }) => info.ref.name },
      { title: 'PROVIDER', value: ({ provider }) => provider.name },
      { title: 'STATE', value: ({ info }) => info.state },
      { title: 'PHASE', value: ({ info }) => info.mark?.phase ?? '' },
      { title: 'CPUS', value: ({ info }) => String(info.cpus), align: 'right' },
      { title: 'MEMORY', value: ({ info }) => formatBytes(info.memoryBytes), align: 'right' },
      { title: 'CREATED', value: ({ info }) => (info.mark?.created ?? '').slice(0, 16).replace('T', ' ') },
      { title: 'HOST', value: ({ provider }) => provider.host },
    ],
    shown,
    width,
  )
}
