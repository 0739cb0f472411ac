import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { planGc, type GcItem, type GcPlan } from '../pipeline/gc.ts'
import type { RemovalReport } from '../provider/contract.ts'
import { hostOption, withRun } from './machine-arguments.ts'
import { unreadableData, warnOfUnreadable } from './unreadable-hosts.ts'

export const command = defineCommand({
  description:
    'Finds what nobody looks after any more, lists it, and removes it after asking: machines that a killed azl-vm was ' +
    'making or removing, things in its folders that belong to no machine, files that a killed export left, and machines ' +
    'that have expired. Finished machines, and those of others, are listed and stay.',
  positionals: [],
  options: {
    ...hostOption,
    yes: { type: 'boolean', alias: 'y', description: 'Do not ask.' },
    'dry-run': { type: 'boolean', description: 'Only list.' },
  },
  examples: [
    { command: 'azl-vm gc', text: 'Look, ask, remove.' },
    { command: 'azl-vm gc --yes', text: 'From a timer.' },
  ],
  async handler(args, ctx) {
    const environment = await ctx.app.environment()
    return await withRun(ctx, environment, 'gc', async (bus) => {
      const plan = await planGc(environment, bus, ctx.signal, args.host)
      try {
        warnOfUnreadable(ctx.progress, plan.unreadable)
        const toCollect = plan.items.filter((item) => item.verdict === 'collect')
        const isRun =
          toCollect.length > 0 && !args['dry-run'] && (args.yes || (await isConfirmed(plan.items, toCollect.length)))
        const result = isRun ? await plan.run(bus, ctx.signal) : undefined
        return { data: dataOf(plan, result), text: () => textOf(plan, result, ctx.width), ...exitOf(plan, result) }
      } finally {
        await plan.close()
      }
    })

    async function isConfirmed(items: readonly GcItem[], count: number): Promise<boolean> {
      ctx.progress.say(listOf(items, ctx.width))
      return await ctx.confirm(`Remove the ${String(count)} marked collect?`)
    }
  },
})

function exitOf(plan: GcPlan, result: RemovalReport | undefined): { readonly exitCode?: number } {
  const [unreadable] = plan.unreadable
  if (unreadable) return { exitCode: unreadable.error.exitCode }
  const isPartial = result?.kept.some(({ isOurs }) => isOurs) === true
  return isPartial ? { exitCode: 4 } : {}
}

function dataOf(plan: GcPlan, result: RemovalReport | undefined): unknown {
  return {
    items: plan.items,
    removed: result?.removed ?? [],
    kept: result?.kept ?? [],
    unreadable: unreadableData(plan.unreadable),
  }
}

function textOf(plan: GcPlan, result: RemovalReport | undefined, width: number): string {
  if (!result) return plan.items.length === 0 ? 'nothing to collect' : listOf(plan.items, width)
  return [
    'removed:',
    ...result.removed.map((what) => `  ${what}`),
    ...(result.kept.length === 0 ? [] : ['kept:', ...result.kept.map(({ what, why }) => `  ${what} (${why})`)]),
  ].join('\n')
}

function listOf(items: readonly GcItem[], width: number): string {
  return renderTable<GcItem>(
    [
      { title: 'VERDICT', value: (item) => item.verdict },
      { title: 'WHAT', value: (item) => item.what },
      { title: 'WHY', value: (item) => item.reason },
      { title: 'HOST', value: (item) => item.host },
    ],
    items,
    width,
  )
}
