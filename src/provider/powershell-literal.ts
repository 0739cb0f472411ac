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
