/** What the boot probe saw, as the rows of a table: beside what was asked for, where that is known. */
import { renderTable } from '../cli/table.ts'
import { bootOrderText } from '../pipeline/guest-differences.ts'
import type { UpResult } from '../pipeline/up.ts'
import type { SpecMachine } from '../spec/schema.ts'
import { formatBytes } from '../format-bytes.ts'

type ProbeReport = NonNullable<UpResult['probe']>

export interface ProbeRow {
  readonly what: string
  readonly seen: string
  readonly asked?: string
}

export interface Asked {
  readonly machine: SpecMachine
  readonly macs: readonly string[]
}

/** A row for each thing that a spec can ask for, then what the firmware tells beside it. */
export function probeRows(report: ProbeReport, asked?: Asked): readonly ProbeRow[] {
  const { machine, macs } = asked ?? {}
  const onOff = (isOn: boolean | undefined) => (isOn === undefined ? undefined : isOn ? 'on' : 'off')
  return [
    { what: 'firmware', seen: `${report.firmware.vendor}, UEFI ${report.firmware.uefiVersion}` },
    row('Secure Boot', secureBootText(report), machine && onOff(machine.firmware.secureBoot === true)),
    row('memory', formatBytes(report.memoryBytes), machine && formatBytes(machine.memory)),
    row('processors', String(report.processors), machine && String(machine.cpus)),
    ...numbered(
      'disk',
      report.disks.map((disk) => `${formatBytes(disk.sizeBytes)}, ${disk.bus}`),
      machine?.disks.map(({ size }) => formatBytes(size)),
    ),
    ...numbered(
      'optical drive',
      report.opticalDrives.map((drive) =>
        [
          drive.isMediaPresent ? (drive.label ?? 'a medium without a label') : 'empty',
          drive.bus,
          ...(drive.isBooted ? ['booted from here'] : []),
        ].join(', '),
      ),
    ),
    ...numbered(
      'network card',
      report.nics.map((nic) => nic.mac),
      machine?.networks.map(({ mode }, index) => `${mode}, ${macs?.[index] ?? 'any address'}`),
    ),
    row('TPM', tpmText(report), machine && (machine.firmware.tpm ? '2.0' : 'none')),
    { what: 'boot order', seen: bootOrderText(report) },
    { what: 'ACPI tables', seen: report.acpiTables.join(' ') },
  ]
}

/** The rows for people, at most `width` columns wide. The middle column is there where something was asked for. */
export function probeTable(rows: readonly ProbeRow[], width: number): string {
  const hasAsked = rows.some(({ asked }) => asked !== undefined)
  const columns = [
    { title: '', value: (each: ProbeRow) => `  ${each.what}` },
    ...(hasAsked ? [{ title: 'asked', value: (each: ProbeRow) => each.asked ?? '' }] : []),
    { title: hasAsked ? 'seen' : '', value: (each: ProbeRow) => each.seen },
  ]
  return renderTable(columns, rows, width).replace(/^\s*\n/, '')
}

function row(what: string, seen: string, asked: string | undefined): ProbeRow {
  return { what, seen, ...(asked === undefined ? {} : { asked }) }
}

function numbered(what: string, seen: readonly string[], asked: readonly string[] = []): readonly ProbeRow[] {
  return Array.from({ length: Math.max(seen.length, asked.length) }, (_, index) =>
    row(`${what} ${String(index)}`, seen[index] ?? 'not there', asked[index]),
  )
}

function tpmText({ tpm }: ProbeReport): string {
  if (!tpm.isPresent) return 'none'
  return `2.0${tpm.manufacturer === null ? '' : `, ${tpm.manufacturer.trim()}`}`
}

function secureBootText(report: ProbeReport): string {
  if (report.secureBoot === null) return 'not there'
  return report.secureBoot ? 'on' : `off${report.setupMode === true ? ' (no keys enrolled)' : ''}`
}
