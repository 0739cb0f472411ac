import { defineCommand } from '../cli/command.ts'
import { renderTable } from '../cli/table.ts'
import { askAllProviders, type AskedProvider } from '../doctor/examine.ts'
import { callFor } from '../pipeline/environment.ts'
import { guestCapabilities, type Capabilities, type GuestCapabilities } from '../provider/capabilities.ts'
import { withRun } from './machine-arguments.ts'

export const command = defineCommand({
  description:
    'Lists the providers, whether each is ready on the host, and what it can do there. `azl-vm doctor` says why not, and the fix.',
  positionals: [],
  options: { host: { type: 'string', description: 'Another host than the local one.' } },
  examples: [{ command: 'azl-vm providers', text: 'What there is.' }],
  async handler(args, ctx) {
    const environment = await ctx.app.environment()
    return await withRun(ctx, environment, 'providers', async (bus) => {
      const { registry } = environment
      const host = args.host ?? 'local'
      const asked = await askAllProviders(environment, host, callFor(bus, ctx.signal))
      const notHere = registry.notHere(host)
      const titles = new Map(registry.entries.map((entry) => [entry.name, entry.title]))
      return {
        data: {
          providers: asked.map(({ facts, elapsedMs }) => ({ title: titles.get(facts.provider), ...facts, elapsedMs })),
          notHere,
        },
        text: () =>
          [
            ...asked.map((entry) => providerText(entry, titles.get(entry.facts.provider) ?? '', ctx.width)),
            ...notHere.map(({ name, title, why }) => table(name, title, [['ready', `no: ${why}`]], ctx.width)),
          ].join('\n'),
      }
    })
  },
})

function providerText({ facts, elapsedMs }: AskedProvider, title: string, width: number): string {
  const { capabilities } = facts
  const rows = [
    ['host', facts.host],
    [
      'ready',
      facts.isReady ? 'yes' : `no: ${facts.findings.find((finding) => finding.level === 'error')?.message ?? ''}`,
    ],
    ['asked in', `${String(elapsedMs)} ms`],
    [
      'versions',
      Object.entries(facts.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ...capabilityRows(capabilities),
  ] satisfies readonly Row[]
  const shown = facts.isReady ? rows : rows.slice(0, 3)
  return table(facts.provider, title, shown, width)
}

type Row = readonly [what: string, value: string]

/** What a provider can do, for people; the pages of the providers have it too. */
export function capabilityRows(capabilities: Capabilities): readonly Row[] {
  return [
    ['architectures', capabilities.architectures.join(', ')],
    ['Secure Boot', guestsWith(capabilities, 'secureBoot')],
    ['TPM', guestsWith(capabilities, 'tpm')],
    ['networks', capabilities.networkModes.join(', ')],
    ['forwarded ports', yes(capabilities.forward)],
    ['own system port', guestsWith(capabilities, 'systemPort')],
    ['console', capabilities.console.firstByte ? 'from the guest’s first byte' : 'not from the first byte'],
    ['screenshot', yes(capabilities.screenshot)],
    ['snapshots', snapshotsText(capabilities.snapshots)],
    ['clones that share disks', yes(capabilities.linkedClones)],
    ['exports', capabilities.exportFormats.join(', ')],
  ]
}

function table(name: string, title: string, rows: readonly Row[], width: number): string {
  const columns = [
    { title: name, value: ([what]: Row) => `  ${what}` },
    { title, value: ([, value]: Row) => value },
  ]
  return renderTable<Row>(columns, rows, width)
}

function snapshotsText({ off, memory, tpm }: Capabilities['snapshots']): string {
  const kinds = [off && `of machines that are off${tpm ? '' : ' (without the TPM)'}`, memory && 'with memory']
  return kinds.filter(Boolean).join(', ') || 'no'
}

/** `yes`, `no`, or the architectures whose guests have it. */
function guestsWith(capabilities: Capabilities, what: keyof GuestCapabilities): string {
  const { architectures } = capabilities
  const having = architectures.filter((architecture) => guestCapabilities(capabilities, architecture)[what])
  return having.length === 0 || having.length === architectures.length ? yes(having.length > 0) : having.join(', ')
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no'
}
