/** Bytes of a spec file to text. Windows' editors and PowerShell's `>` write UTF-16, so that is read too. */

export type Decoded = { readonly text: string } | { readonly problem: string; readonly hint: string }

/** Never throws; what is no text is refused with the reason. */
export function decodeText(bytes: Uint8Array): Decoded {
  const encoding = encodingOf(bytes)
  if (encoding === 'utf-32') return { problem: 'the file is UTF-32', hint: 'save it as UTF-8' }
  let text: string
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    const hint = 'save it as UTF-8'
    return {
      problem: looksBinary(bytes) ? 'the file is not text' : `the file is not valid ${encoding.toUpperCase()}`,
      hint,
    }
  }
  if (text.includes('\0'))
    return { problem: 'the file is not text: it holds NUL bytes', hint: 'name the YAML file of a spec' }
  return { text }
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-32' {
  const [first = -1, second = -1, third = -1, fourth = -1] = bytes
  if (first === 0xff && second === 0xfe) return third === 0 && fourth === 0 ? 'utf-32' : 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return 'utf-32'
  // Without a mark: a spec begins with two ASCII characters, which in UTF-16 have one zero byte each.
  if (bytes.length >= 4 && bytes.length % 2 === 0) {
    if (first > 0 && second === 0 && third > 0 && fourth === 0) return 'utf-16le'
    if (first === 0 && second > 0 && third === 0 && fourth > 0) return 'utf-16be'
  }
  return 'utf-8'
}

function looksBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4096).some((byte) => byte === 0 || (byte < 9 && byte > 0))
}
