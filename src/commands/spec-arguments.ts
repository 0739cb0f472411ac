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

/** For the verbs that make machines, or say how. */
export const hostNetworkOption = {
  'allow-host-network': {
    type: 'boolean',
    description:
      'Let networks of the host be made where the machine needs one and there is none: on a Hyper-V host without Default Switch a switch with NAT, which its machines share and the last one takes along. Needs an elevated prompt there.',
  },
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
