/** Lines and columns of a text, and a line of it with a caret. */
import { printable } from '../printable.ts'
import type { Location } from './diagnostics.ts'

export interface SourceText {
  readonly text: string
  /** The place of a character offset. */
  at(offset: number): Location
  /** The line, cut to what fits around the column, and a caret under the column. Safe on a terminal. */
  excerpt(location: Location): readonly [line: string, caret: string]
}

/** Columns that an excerpt may take. */
const excerptWidth = 96

/** Prepares a text; lines end with LF, CR LF or CR. */
export function sourceText(text: string): SourceText {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)]
  return {
    text,
    at(offset) {
      const within = Math.max(0, Math.min(offset, text.length))
      let line = starts.length
      while (line > 1 && (starts[line - 1] ?? 0) > within) line--
      // Code points, as editors count.
      return { line, column: [...text.slice(starts[line - 1] ?? 0, within)].length + 1 }
    },
    excerpt({ line, column }) {
      const full = text.slice(starts[line - 1] ?? 0, starts[line] ?? text.length).replace(/[\r\n]+$/, '')
      const characters = [...full]
      const from = column > excerptWidth - 16 ? column - Math.floor(excerptWidth / 2) : 0
      const cut = characters.slice(from, from + excerptWidth)
      const before = `${from > 0 ? '…' : ''}${printable(cut.slice(0, column - 1 - from).join(''))}`
      const after = printable(cut.slice(column - 1 - from).join(''))
      const end = from + excerptWidth < characters.length ? '…' : ''
      return [`${before}${after}${end}`, `${' '.repeat([...before].length)}^`]
    },
  }
}
