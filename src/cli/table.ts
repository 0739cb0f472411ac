import { printable } from '../printable.ts'
import { clip, displayWidth } from './terminal.ts'

export interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => string
  readonly align?: 'left' | 'right'
}

const gap = '  '

/**
 * A table of plain text. Where it is wider than `width`, its widest columns are cut; a value's control characters
 * are shown and not obeyed. No rows give the empty text: the command says in words that there is nothing.
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width = 80): string {
  if (rows.length === 0) return ''
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => printable(column.value(row)))),
  ]
  const widths = fit(
    columns.map((_, index) => Math.max(...cells.map((line) => displayWidth(line[index] ?? '')))),
    width,
  )
  return cells
    .map((line) =>
      line
        .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
        .join(gap)
        .trimEnd(),
    )
    .join('\n')
}

/** Takes columns from the widest column until the line fits; no column gets narrower than eight. */
function fit(widths: readonly number[], width: number): number[] {
  const fitted = [...widths]
  const total = () => fitted.reduce((sum, each) => sum + each, gap.length * (fitted.length - 1))
  while (total() > width) {
    const widest = fitted.indexOf(Math.max(...fitted))
    const current = fitted[widest] ?? 0
    if (current <= 8) break
    fitted[widest] = current - 1
  }
  return fitted
}

function pad(cell: string, width: number, align: 'left' | 'right' = 'left'): string {
  const text = clip(cell, width)
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'right' ? space + text : text + space
}
