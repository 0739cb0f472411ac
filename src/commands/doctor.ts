import { defineCommand, type CommandContext } from '../cli/command.ts'
import { eventProgress } from '../cli/event-progress.ts'
import { examine, type DoctorReport } from '../doctor/examine.ts'
import { proveBoot, type BootProof } from '../doctor/prove-boot.ts'
import type { EventBus } from '../events/event-bus.ts'
import { callFor, type Environment } from '../pipeline/environment.ts'
import { hostArchitecture } from '../spec/host-architecture.ts'
import { architectures, type Architecture } from '../spec/schema.ts'
import { usageError } from '../usage-error.ts'
import { bootProofText } from './boot-proof-text.ts'
import { withRun } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Says what this computer can do for azl-vm, what stands in the way, and how to mend it. Changes nothing.\n\n' +
    'With --boot it is proven: the boot probe is booted as usual, and once with Secure Boot on, where the firmware must ' +
    'refuse it; what was asked for stands beside what the guest saw. The machines are called azl-vm-doctor-… and are ' +
    'removed in any case. The exit code is 3 where the host cannot make machines, or gives its guests something else ' +
    'than what is asked for.',
  positionals: [],
  options: {
    host: { type: 'string', description: 'Another host than the local one.' },
    provider: { type: 'string', description: 'Look at this provider only.' },
    boot: { type: 'boolean', description: 'Boot the probe, and say what the guest saw.' },
    arch: {
      type: 'string[]',
      choices: architectures,
      description: 'With --boot: the architecture to boot, as often as wanted (default: this computer’s).',
    },
  },
  examples: [
    { command: 'azl-vm doctor', text: 'Look at this computer.' },
    { command: 'azl-vm doctor --boot', text: 'Prove it with a machine that boots.' },
    { command: 'azl-vm doctor --output json', text: 'For support.' },
  ],
  async handler(args, ctx) {
    if (args.arch.length > 0 && !args.boot)
      throw usageError('--arch is for what is booted, and nothing is', 'add --boot')
    const environment = await ctx.app.environment()
    return await withRun(ctx, environment, 'doctor', async (bus) => {
      const host = args.host ?? 'local'
      const report = await examine({ environment, host, provider: args.provider }, callFor(bus, ctx.signal))
      const boots = args.boot ? await proveBoots({ ctx, environment, bus, host, report, wanted: args.arch }) : undefined
      const isFine = report.isReady && (boots ?? []).every(({ isProven }) => isProven)
      return {
        data: boots ? { ...report, boots } : report,
        text: () => doctorText(report, boots, ctx.width),
        ...(isFine ? {} : { exitCode: 3 }),
      }
    })
  },
})

interface BootsRequest {
  readonly ctx: CommandContext
  readonly environment: Environment
  readonly bus: EventBus
  readonly host: string
  readonly report: DoctorReport
  readonly wanted: readonly Architecture[]
}

/** On the first provider that is ready, one architecture after the other. Nothing is booted where none is. */
async function proveBoots(request: BootsRequest): Promise<readonly BootProof[]> {
  const { ctx, environment, bus, host, report, wanted } = request
  const facts = report.providers.find(({ isReady }) => isReady)
  if (!report.isReady || !facts) return []
  const specProviders = await ctx.app.specProviders()
  const chosen = wanted.length === 0 ? [hostArchitecture(process.arch)] : [...new Set(wanted)]
  const listener = eventProgress(ctx.progress)
  const proofs: BootProof[] = []
  for (const architecture of chosen) {
    const proof = { environment, specProviders, facts, host, architecture, bus, listener, signal: ctx.signal }
    proofs.push(await proveBoot(proof))
  }
  return proofs
}

const marks = { ok: 'ok     ', info: 'info   ', warning: 'warning', error: 'ERROR  ' } as const

function doctorText(report: DoctorReport, boots: readonly BootProof[] | undefined, width: number): string {
  const sections = report.sections.flatMap(({ title, findings }) => [
    title,
    ...findings.flatMap((finding) => [
      `  ${marks[finding.level]}  ${finding.message}`,
      ...(finding.fix === undefined ? [] : [`           fix: ${finding.fix}`]),
    ]),
    '',
  ])
  const proofs = (boots ?? []).flatMap((proof) => [bootProofText(proof, width), ''])
  return [...sections, ...proofs, verdict(report, boots)].join('\n')
}

function verdict({ isReady }: DoctorReport, boots: readonly BootProof[] | undefined): string {
  if (!isReady)
    return `azl-vm cannot make machines here yet: mend what is marked ERROR.${boots ? ' Nothing was booted.' : ''}`
  if (!boots) return 'azl-vm can make machines here; `azl-vm doctor --boot` proves it.'
  return boots.every(({ isProven }) => isProven)
    ? 'azl-vm can make machines here: they boot, and see what is asked for.'
    : 'Machines here are not what is asked for: see what is marked ERROR.'
}
