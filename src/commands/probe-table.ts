import { renderTable } from '../cli/table.ts'
import type { UpResult } from '../pipeline/up.ts'
import { formatBytes } from '../format-bytes.ts'

type ProbeReport = NonNullable<UpResult['probe']>

interface Row {
  readonly what: string
  readonly seen: string
}

/** The boot probe's report as a table for people. */
export function probeTable(report: ProbeReport, width: number): string {
  const rows: readonly Row[] = [
    { what: 'firmware', seen: `${report.firmware.vendor}, UEFI ${report.firmware.uefiVersion}` },
    { what: 'Secure Boot', seen: secureBootText(report) },
    { what: 'memory', seen: formatBytes(report.memoryBytes) },
    { what: 'processors', seen: String(report.processors) },
    ...report.disks.map((disk, index) => ({
      what: `disk ${String(index)}`,
      seen: `${formatBytes(disk.sizeBytes)}, ${disk.bus}`,
    })),
    ...report.opticalDrives.map((drive, index) => ({
      what: `optical drive ${String(index)}`,
      seen: [
        drive.isMediaPresent ? (drive.label ?? 'a medium without a label') : 'empty',
        drive.bus,
        ...(drive.isBooted ? ['booted from here'] : []),
      ].join(', '),
    })),
    ...report.nics.map((nic, index) => ({ what: `network card ${String(index)}`, seen: nic.mac })),
    {
      what: 'TPM',
      seen: report.tpm.isPresent
        ? `2.0${report.tpm.manufacturer === null ? '' : `, ${report.tpm.manufacturer.trim()}`}`
        : 'none',
    },
    { what: 'boot order', seen: bootOrderText(report) },
    { what: 'ACPI tables', seen: report.acpiTables.join(' ') },
  ]
  const columns = [
    { title: '', value: (row: Row) => `  ${row.what}` },
    { title: '', value: (row: Row) => row.seen },
  ]
  return renderTable(columns, rows, width).replace(/^\s*\n/, '')
}

function secureBootText(report: ProbeReport): string {
  if (report.secureBoot === null) return 'not there'
  return report.secureBoot ? 'on' : `off${report.setupMode === true ? ' (no keys enrolled)' : ''}`
}

function bootOrderText(report: ProbeReport): string {
  return report.bootOrder
    .map((number) => report.bootOptions.find((option) => option.number === number)?.description.trim() ?? number)
    .join(', ')
}
