/** What a stream can show: colours and width. */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Colours a text, or leaves it alone where the stream is no terminal or colours are not wanted. */
export type Paint = (style: Style, text: string) => string

export function isTerminal(stream: NodeJS.WritableStream | NodeJS.ReadableStream): boolean {
  return (stream as { isTTY?: boolean }).isTTY === true
}

/** Colours only on a terminal that is not `dumb`, and never where NO_COLOR is set to something (no-color.org). */
export function painter(stream: NodeJS.WritableStream, env: NodeJS.ProcessEnv): Paint {
  const isPlain = !isTerminal(stream) || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return isPlain ? (_style, text) => text : (style, text) => styleText(style, text, { validateStream: false })
}

/** Columns to fill: the terminal's, or 80. */
export function widthOf(stream: NodeJS.WritableStream): number {
  const columns = (stream as { columns?: number }).columns
  return columns !== undefined && columns >= 20 ? columns : 80
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const combining = /\p{Mark}/u

/** Columns that a text takes; East Asian wide characters take two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += combining.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

/** Cuts a text to `width` columns, the last being an ellipsis where something was cut. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = displayWidth(character)
    if (used + next > width - 1) break
    kept += character
    used += next
  }
  return `${kept}…`
}

/** Breaks a paragraph at spaces, so that no line is longer than `width` where its words allow it. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && displayWidth(current) + 1 + displayWidth(word) > width) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current]
}
