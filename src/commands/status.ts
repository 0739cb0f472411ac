import { defineCommand } from '../cli/command.ts'
import type { MachineRecord } from '../store/machine-store.ts'
import type { Endpoint, MachineInfo, MachineNetwork } from '../provider/machine.ts'
import type { Mark } from '../provider/mark.ts'
import { formatBytes } from '../format-bytes.ts'
import { endpointText } from './endpoint-text.ts'
import { reservedText } from './network-text.ts'
import { hostOption, machinePositional, withMachine } from './machine-arguments.ts'

export const command = defineCommand({
  description: 'Shows one machine: its state, how far it came, what it is made of, and how to reach it.',
  positionals: [machinePositional],
  options: hostOption,
  examples: [{ command: 'azl-vm status azl4-eval', text: 'One machine.' }],
  async handler(args, ctx) {
    return await withMachine(ctx, args, 'status', async ({ provider, info, environment, call }) => {
      const isRunning = info.state === 'running'
      const endpoint = isRunning ? await provider.endpoint(info.ref, call) : undefined
      // Warns where nobody listened for a while, and has the port listened to again.
      const serialLog = isRunning ? await provider.describeLog(info.ref, call) : undefined
      const record = await environment.machines.read(provider.name, provider.host, info.ref.name)
      const evidenceDir = record?.lastRunId === undefined ? undefined : environment.home.run(record.lastRunId).dir
      const data = { provider: provider.name, host: provider.host, ...info, endpoint, serialLog, record, evidenceDir }
      return { data, text: () => statusText(provider, info, endpoint, record, evidenceDir) }
    })
  },
})

function cloneText({ name, snapshot }: NonNullable<Mark['cloneOf']>): string {
  return snapshot === undefined ? name : `${name}, from its snapshot ${snapshot}`
}

function networkText(network: MachineNetwork): string {
  const reserved = reservedText(network)
  const kept = reserved === undefined ? '' : `; kept for it, to be set in the guest: ${reserved}`
  return `${network.mode}, ${network.mac}${kept}`
}

function statusText(
  where: { readonly name: string; readonly host: string },
  info: MachineInfo,
  endpoint: Endpoint | undefined,
  record: MachineRecord | undefined,
  evidenceDir: string | undefined,
): string {
  const { mark } = info
  const rows: readonly (readonly [label: string, value: string | undefined])[] = [
    ['machine', `${info.ref.name}@${where.name} (${info.ref.id})`],
    ['host', where.host],
    ['state', info.reason === '' ? info.state : `${info.state} (${info.reason})`],
    ['phase', record?.failure ? `${mark?.phase ?? ''}: ${record.failure.message}` : mark?.phase],
    ['created', mark?.created],
    ['clone of', mark?.cloneOf && cloneText(mark.cloneOf)],
    ['expires', mark?.expires],
    ['spec', record?.specFile],
    ['processor', `${String(info.cpus)} × ${info.architecture}${info.acceleration === 'emulated' ? ', emulated' : ''}`],
    ['memory', formatBytes(info.memoryBytes)],
    ...info.disks.map(
      (disk, index) => [`disk ${String(index)}`, `${formatBytes(disk.sizeBytes)} (${disk.where})`] as const,
    ),
    ['medium', info.installer ?? 'none'],
    ['Secure Boot', info.secureBoot ? 'on' : 'off'],
    ['TPM', info.tpm ? 'yes' : 'no'],
    ['serial ports', info.hasSystemPort ? 'firmware, system (--port of logs and console)' : '1'],
    ...info.networks.map((network, index) => [`network ${String(index)}`, networkText(network)] as const),
    ['ssh', endpoint && endpointText(endpoint)],
    ['evidence', evidenceDir],
  ]
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined)
  const width = Math.max(...shown.map(([label]) => label.length))
  return shown.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n')
}
