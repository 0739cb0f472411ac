/** The rows of the table, as text for the terminal and for docs/performance.md. */

export interface Row {
  readonly what: string
  /** With its unit: `1.31x`, `0.12 s`. */
  readonly value: string
  /** `at most 1.5x`; undefined: only told. */
  readonly goal?: string
  /** undefined: nothing to judge. */
  readonly isMet?: boolean | undefined
  /** Medians, spread, load: what the value was made of. */
  readonly detail: string
}

export interface Part {
  readonly title: string
  readonly rows: readonly Row[]
  /** Why it was not measured. */
  readonly skipped?: string
}

export function times(value: number): string {
  return `${value.toFixed(2)}x`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 3 : 2)} s`
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`
}

function verdict({ goal, isMet }: Row): string {
  if (goal === undefined || isMet === undefined) return ''
  return isMet ? 'met' : 'missed'
}

export function partAsText({ title, rows, skipped }: Part): string {
  const lines = rows.map((row) => {
    const goal = row.goal === undefined ? '' : ` (${row.goal}: ${verdict(row)})`
    return `  ${row.what}: ${row.value}${goal}\n      ${row.detail}`
  })
  return [title, ...(skipped === undefined ? [] : [`  not measured: ${skipped}`]), ...lines].join('\n')
}

/** `before` with these parts in the place of their older selves; what was not measured now stays as it is. */
export function updatedMarkdown(before: string, parts: readonly Part[], circumstances: string): string {
  const sections = new Map(
    before
      .split(/^(?=### )/m)
      .filter((section) => section.startsWith('### '))
      .map((section) => [/^### (.*)/.exec(section)?.[1], section]),
  )
  for (const part of parts) sections.set(part.title, asMarkdown(part, circumstances))
  return [...sections.values()].join('\n')
}

function asMarkdown({ title, rows, skipped }: Part, circumstances: string): string {
  const lines = [`### ${title}`, '', `${circumstances}.`, '']
  if (skipped !== undefined) lines.push(`Not measured: ${skipped}`, '')
  if (rows.length === 0) return lines.join('\n')
  lines.push('| what | value | goal | | made of |', '| --- | --- | --- | --- | --- |')
  for (const row of rows)
    lines.push(`| ${[row.what, row.value, row.goal ?? '', verdict(row), row.detail].join(' | ')} |`)
  return [...lines, ''].join('\n')
}
