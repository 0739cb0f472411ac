/** What guests of several runs saw, side by side: the boot probe's reports, and where they truly differ. */
import type { ProbeReport } from 'boot-probe'
import { formatBytes } from '../format-bytes.ts'

/** One thing that the probe tells; a value for each report in their order, undefined where that one cannot tell. */
export interface GuestRow {
  readonly what: string
  readonly values: readonly (string | undefined)[]
}

export interface GuestDifferences {
  readonly differences: readonly GuestRow[]
  /** The same in all that can tell. */
  readonly same: readonly GuestRow[]
}

/** Ways to read one thing off a report, the best first. Only the same way on each report makes figures comparable. */
type Ways = readonly ((report: ProbeReport) => string | number | boolean | null | undefined)[]

/**
 * Compares reports, at least two. What differs between any two machines (MAC addresses, UUIDs, serial numbers, the
 * variables' numbers of boot options) is left out; what one cannot tell is no difference; sets are compared as sets.
 */
export function guestDifferences(reports: readonly ProbeReport[]): GuestDifferences {
  const rows = [...fixedRows(reports), ...driveRows(reports), ...tableRows(reports)]
  return {
    differences: rows.filter((row) => told(row).size > 1),
    same: rows.filter((row) => told(row).size === 1),
  }
}

function told({ values }: GuestRow): ReadonlySet<string> {
  return new Set(values.filter((value) => value !== undefined))
}

function fixedRows(reports: readonly ProbeReport[]): readonly GuestRow[] {
  const things: readonly (readonly [what: string, ways: Ways])[] = [
    ['architecture', [({ arch }) => arch]],
    ['firmware', [({ firmware }) => firmware.vendor]],
    ['UEFI version', [({ firmware }) => firmware.uefiVersion]],
    ['manufacturer', [({ system }) => system?.manufacturer]],
    ['product', [({ system }) => system?.product]],
    ['Secure Boot', [({ secureBoot }) => secureBoot]],
    ['Secure Boot keys', [({ setupMode }) => (setupMode === null ? null : setupMode ? 'none enrolled' : 'enrolled')]],
    [
      'memory',
      [
        ({ memory }) => bytes(memory.devicesBytes),
        ({ memory }) => bytes(memory.mappedBytes),
        ({ memory }) => formatBytes(memory.ramBytes),
      ],
    ],
    [
      'processors',
      [
        ({ processorCounts }) => processorCounts.enabled,
        ({ processorCounts }) => processorCounts.inMadt,
        ({ processors }) => processors,
      ],
    ],
    ['TPM', [({ tpm }) => (tpm.isPresent ? '2.0' : 'none')]],
    ['TPM manufacturer', [({ tpm }) => tpm.manufacturer?.trim()]],
    ['TPM interface', [({ tpm }) => startMethods.get(tpm.startMethod ?? -1) ?? tpm.startMethod]],
    ['firmware’s serial port', [({ uart }) => uart.replace(/:.*/, '')]], // io:0x3f8
    ['system’s serial port', [({ systemPort }) => (systemPort === null ? 'the same' : 'one of its own')]],
    ['disks', [({ disks }) => disks.length]],
    ['optical drives', [({ opticalDrives }) => opticalDrives.length]],
    ['network cards', [({ nics }) => nics.length]],
    ['boot order', [(report) => bootOrderText(report, () => 'unnamed')]],
  ]
  return things.map(([what, ways]) => rowOf(what, ways, reports))
}

/** TCG ACPI Specification 1.3, table 3. */
const startMethods: ReadonlyMap<number, string> = new Map([
  [6, 'FIFO (TIS)'],
  [7, 'CRB'],
])

function rowOf(what: string, ways: Ways, reports: readonly ProbeReport[]): GuestRow {
  const readings = ways.map((way) => reports.map((report) => text(way(report))))
  const best = readings.find((values) => values.every((value) => value !== undefined)) ?? readings.at(-1) ?? []
  return { what, values: best }
}

function driveRows(reports: readonly ProbeReport[]): readonly GuestRow[] {
  const longest = (of: (report: ProbeReport) => readonly unknown[]): readonly number[] =>
    Array.from({ length: Math.max(...reports.map((report) => of(report).length)) }, (_, index) => index)
  const row = (what: string, way: Ways[number]): GuestRow => rowOf(what, [way], reports)
  return [
    ...longest(({ disks }) => disks).flatMap((index) => [
      row(`disk ${String(index)}`, ({ disks }) => bytes(disks[index]?.sizeBytes ?? null)),
      row(`disk ${String(index)}, bus`, ({ disks }) => disks[index]?.bus),
      row(`disk ${String(index)}, block`, ({ disks }) => bytes(disks[index]?.blockBytes ?? null)),
    ]),
    ...longest(({ opticalDrives }) => opticalDrives).flatMap((index) => [
      row(`optical drive ${String(index)}`, ({ opticalDrives }) => mediumText(opticalDrives[index])),
      row(`optical drive ${String(index)}, bus`, ({ opticalDrives }) => opticalDrives[index]?.bus),
    ]),
    ...longest(({ nics }) => nics).map((index) =>
      row(`network card ${String(index)}, link`, ({ nics }) => nics[index]?.hasLink),
    ),
  ]
}

/** The options of the boot order by their names; `unnamed` says what stands for a number that has none. */
export function bootOrderText(
  { bootOrder, bootOptions }: ProbeReport,
  unnamed: (number: string) => string = (number) => number,
): string {
  return bootOrder
    .map((number) => bootOptions.find((option) => option.number === number)?.description.trim() ?? unnamed(number))
    .join(', ')
}

/** A row for each ACPI table, so that a difference names the table and not two long lists. */
function tableRows(reports: readonly ProbeReport[]): readonly GuestRow[] {
  const counts = reports.map(({ acpiTables }) => {
    const count = new Map<string, number>()
    for (const table of acpiTables) count.set(table, (count.get(table) ?? 0) + 1)
    return count
  })
  const tables = [...new Set(counts.flatMap((count) => [...count.keys()]))].toSorted()
  return tables.map((table) => ({
    what: `ACPI table ${table}`,
    values: counts.map((count) => countText(count.get(table) ?? 0)),
  }))
}

function countText(count: number): string {
  return count === 0 ? 'no' : count === 1 ? 'yes' : `${String(count)} of them`
}

function mediumText(drive: ProbeReport['opticalDrives'][number] | undefined): string | undefined {
  if (drive === undefined) return undefined
  return drive.isMediaPresent
    ? `${drive.label ?? 'a medium without a label'}${drive.isBooted ? ', booted from here' : ''}`
    : 'empty'
}

function bytes(count: number | null): string | undefined {
  return count === null ? undefined : formatBytes(count)
}

function text(value: string | number | boolean | null | undefined): string | undefined {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return value === null || value === undefined ? undefined : String(value)
}
