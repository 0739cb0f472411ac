/** What every verb that takes a spec has in common. */
import { homedir } from 'node:os'
import type { CommandContext, OptionData, PositionalData } from '../cli/command.ts'
import { hostArchitecture } from '../spec/host-architecture.ts'
import { loadSpec } from '../spec/load.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'

export const specPositional = {
  name: 'spec',
  completes: 'file',
  description: 'File of the spec (default: ./azl-vm.yaml).',
} as const satisfies PositionalData

/** Options that change a spec for one run. */
export const specOptions = {
  set: {
    type: 'string[]',
    placeholder: 'KEY=VALUE',
    description: 'Another value for a key: --set machine.memory=8GiB, --set machine.disks[0].size=32GiB.',
  },
  provider: { type: 'string', description: 'Another provider than the spec says.' },
  host: { type: 'string', description: 'Another host than the spec says.' },
} as const satisfies Record<string, OptionData>

export interface SpecArguments {
  readonly spec: string | undefined
  readonly set: readonly string[]
  readonly provider: string | undefined
  readonly host: string | undefined
}

/** Loads the spec that the arguments name. */
export async function loadSpecOf(args: SpecArguments, ctx: CommandContext): Promise<LoadedSpec> {
  return await loadSpec({
    file: args.spec,
    cwd: ctx.cwd,
    providers: await ctx.app.specProviders(),
    hostArchitecture: hostArchitecture(process.arch),
    set: args.set,
    provider: args.provider,
    host: args.host,
    home: ctx.env['HOME'] ?? homedir(),
  })
}
