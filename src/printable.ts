/**
 * Text of others (file contents, a guest's serial port, an error of the system) made fit for a terminal:
 * control characters, and the invisible ones that turn the direction of writing, are shown and not obeyed.
 */

const unprintable =
  // eslint-disable-next-line no-control-regex -- finding control characters is the point
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** One line that is safe on a terminal. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.charCodeAt(0)
    return shortEscapes[character] ?? (code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`)
  })
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, '0')
}

/** {@link printable}, and no longer than `limit` characters; for values that a message repeats. */
export function shortened(text: string, limit = 60): string {
  const characters = [...text.slice(0, limit * 2 + 2)]
  if (characters.length <= limit) return printable(text)
  return `${printable(characters.slice(0, limit - 1).join(''))}… (${text.length} characters)`
}
