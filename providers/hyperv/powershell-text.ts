/** PowerShell source text. Values become literals here and nowhere else. */

/** A value of a parameter. */
export type Value = string | number | boolean | Code

/** Source text that we wrote ourselves, e.g. a variable. */
export interface Code {
  readonly code: string
}

/** Holds our own words only, never a value. */
export function code(text: string): Code {
  return { code: text }
}

/** Of a switch parameter, which takes no value: it is there. */
export const given = code('')

/**
 * One text of PowerShell, whatever it holds. Within single quotes nothing is expanded, and only the quote itself ends
 * the text. PowerShell also takes the typographic quotes for it, and 5.1 reads a file without a byte order mark in the
 * ANSI code page: so all that is not printable ASCII, line ends too, is written as the number of its character.
 */
export function literal(text: string): string {
  const pieces = text.match(/[\x20-\x7e]+|[^\x20-\x7e]/g) ?? []
  const parts = pieces.map((piece) => {
    if (/^[\x20-\x7e]/.test(piece)) return `'${piece.replaceAll("'", "''")}'`
    return `[char]0x${piece.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  // A text must come first: [char] + [char] is a sum.
  if (parts[0]?.startsWith("'") !== true) parts.unshift("''")
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(' + ')})`
}

/** A cmdlet of Hyper-V's module, or `Module\\Cmdlet` of another, with its parameters in the order given. */
export function call(cmdlet: string, parameters: Readonly<Record<string, Value | undefined>>): string {
  const words = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`-${name} ${valueText(value)}`.trimEnd()],
  )
  return [cmdlet.includes('\\') ? cmdlet : `Hyper-V\\${cmdlet}`, ...words].join(' ')
}

function valueText(value: Value): string {
  if (typeof value === 'string') return literal(value)
  return typeof value === 'object' ? value.code : typeof value === 'boolean' ? `$${String(value)}` : String(value)
}
