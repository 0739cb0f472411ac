/** Says what is meant where the text is no YAML: the parser's own words tell where it stopped, not why. */

interface SyntaxFault {
  readonly offset: number
  readonly message: string
  readonly hint?: string
}

/** `reason` and `offset` are the parser's. */
export function explainSyntax(text: string, reason: string, offset: number): SyntaxFault {
  const start = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1
  const line = /^[^\r\n]*/.exec(text.slice(start))?.[0] ?? ''
  return (
    tab(start, line) ??
    backslash(text, start, line, offset) ??
    reserved(text, offset) ??
    limit(reason, offset) ?? {
      offset,
      message: `not YAML: ${reason}`,
      hint: hintFor(reason, line),
    }
  )
}

/** A tab in front of a key. Also where the parser stopped one line later. */
function tab(start: number, line: string): SyntaxFault | undefined {
  const indentation = /^ *\t/.exec(line)
  if (indentation === null) return undefined
  return {
    offset: start + indentation[0].length - 1,
    message: 'a tab in the indentation: YAML allows spaces only',
    hint: 'replace the tab with two spaces',
  }
}

/** `"C:\temp\qemu.iso"`: in double quotes a backslash begins an escape. */
function backslash(text: string, start: number, line: string, offset: number): SyntaxFault | undefined {
  const quoted = [...line.matchAll(/"((?:[^"\\]|\\.)*\\(?:[^"\\]|\\.)*)"?/g)].find((match) => {
    const from = start + match.index
    return offset >= from && offset <= from + match[0].length
  })
  if (quoted === undefined || text[offset] === undefined) return undefined
  const value = quoted[1] ?? ''
  return {
    offset: start + quoted.index,
    message: 'a backslash in double quotes begins an escape sequence, and this is none',
    hint: `write it in single quotes: '${value.replaceAll("'", "''")}'`,
  }
}

function reserved(text: string, offset: number): SyntaxFault | undefined {
  const character = text[offset]
  if (character !== '@' && character !== '`' && character !== '%') return undefined
  return {
    offset,
    message: `not YAML: a value cannot begin with ${character}`,
    hint: 'write the value in single quotes',
  }
}

function limit(reason: string, offset: number): SyntaxFault | undefined {
  if (!reason.includes('exceeded maxDepth')) return undefined
  return { offset, message: 'nested too deeply', hint: 'a spec is small: look for brackets that are not closed' }
}

function hintFor(reason: string, line: string): string {
  if (/^[^#]*: [^'"[{]*: /.test(line)) return 'a value that holds ": " needs single quotes'
  if (reason.includes('deficient')) return 'a bracket, brace or quote is not closed, or a line is not indented'
  if (/indentation/.test(reason))
    return 'keys of one mapping begin in the same column; below a key, two columns further'
  if (/unexpected end|flow collection/.test(reason)) return 'a bracket or brace is not closed'
  return 'a spec is YAML: `key: value` lines, indented with spaces'
}
