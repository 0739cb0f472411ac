/** What the verbs that take a machine's name have in common. */
import { eventProgress } from '../cli/event-progress.ts'
import type { CommandContext, OptionData, PositionalData } from '../cli/command.ts'
import type { EventBus } from '../events/event-bus.ts'
import { callFor, type Environment } from '../pipeline/environment.ts'
import { pickMachine, takeInventory, type FoundMachine } from '../pipeline/find-machine.ts'
import type { LifecycleRequest } from '../pipeline/lifecycle.ts'
import { openVerbRun } from '../pipeline/run.ts'
import type { Call } from '../provider/contract.ts'
import { usageError } from '../usage-error.ts'

export const machinePositional = {
  name: 'name',
  required: true,
  completes: 'machine',
  description: 'Name of the machine, NAME@PROVIDER where two have it, or the file of its spec.',
} as const satisfies PositionalData

export const hostOption = {
  host: { type: 'string', description: 'Look on this host only.' },
} as const satisfies Record<string, OptionData>

export const portOption = {
  port: {
    type: 'string',
    choices: ['firmware', 'system'],
    default: 'firmware',
    description:
      'Which serial port: the one that the firmware and the boot loader use, or the system’s own. On x86_64 they are one.',
  },
} as const satisfies Record<string, OptionData>

export const waitOption = {
  wait: { type: 'boolean', description: 'Wait where another azl-vm works on the machine, instead of failing at once.' },
} as const satisfies Record<string, OptionData>

/** How long the guest may take to shut down; `timeoutMsOf` reads it. */
export const shutDownTimeoutOption = {
  timeout: {
    type: 'number',
    placeholder: 'SECONDS',
    default: 120,
    description: 'How long the guest may take to shut down.',
  },
} as const satisfies Record<string, OptionData>

/** How long `--wait` waits for another command. */
const lockWaitMs = 60 * 60 * 1000

export function lockWaitOf(args: { readonly wait: boolean }): number {
  return args.wait ? lockWaitMs : 0
}

const longestSeconds = 86_400

/** `--timeout` in milliseconds. Throws a usage error where it is no time to wait. */
export function timeoutMsOf({ timeout }: { readonly timeout: number }): number {
  if (timeout > 0 && timeout <= longestSeconds) return timeout * 1000
  throw usageError(
    '--timeout takes a number of seconds, above 0 and at most 86400 (a day)',
    'write for example --timeout 60',
  )
}

/** All that a verb on one machine works with. */
export interface MachineWork extends FoundMachine {
  readonly environment: Environment
  readonly bus: EventBus
  readonly call: Call
}

/** What a verb that changes the machine asks of the pipeline. */
export function lifecycleRequest(
  { environment, provider, info, bus }: MachineWork,
  args: { readonly wait: boolean },
  ctx: CommandContext,
): LifecycleRequest {
  return { environment, found: { provider, info }, bus, signal: ctx.signal, lockWaitMs: lockWaitOf(args) }
}

/**
 * Finds the machine that `word` names, runs `work` on it, and closes everything. The events of the work are
 * told as progress and kept in the day's log.
 */
export async function withMachine<T>(
  ctx: CommandContext,
  args: { readonly name: string; readonly host?: string | undefined },
  verb: string,
  work: (on: MachineWork) => Promise<T>,
): Promise<T> {
  const environment = await ctx.app.environment()
  const name = isSpecFile(args.name) ? await nameInSpec(args.name, ctx) : args.name
  return await withRun(ctx, environment, verb, async (bus) => {
    const call = callFor(bus, ctx.signal)
    const inventory = await takeInventory(environment, call, args.host)
    try {
      const found = pickMachine(inventory, name, environment)
      return await work({ ...found, environment, bus, call })
    } finally {
      await inventory.close()
    }
  })
}

/** Runs `work` with an event bus that is told as progress. */
export async function withRun<T>(
  ctx: CommandContext,
  environment: Environment,
  verb: string,
  work: (bus: EventBus) => Promise<T>,
): Promise<T> {
  const run = openVerbRun(environment, eventProgress(ctx.progress))
  run.bus.emit({ type: 'debug', message: `azl-vm ${verb}` })
  try {
    return await work(run.bus)
  } finally {
    run.close()
  }
}

function isSpecFile(word: string): boolean {
  return /[/\\]|\.ya?ml$/i.test(word) // ./azl-vm.yaml, eval.yml
}

async function nameInSpec(file: string, ctx: CommandContext): Promise<string> {
  const { loadSpecOf } = await import('./spec-arguments.ts')
  const loaded = await loadSpecOf({ spec: file, set: [], provider: undefined, host: undefined }, ctx)
  return loaded.spec.name
}
