/**
 * A .vmx file: lines `key = "value"`. The format, comments and escapes are those of VMware's own reader and writer, which
 * open-vm-tools has (lib/dict/dictll.c); keys are the same without regard to case.
 */

/** In the order of the file. */
export type VmxEntries = readonly (readonly [key: string, value: string])[]

// Double quote, pipe, 0x7F and all control characters but tab (DictLL_MarshalLine)
// eslint-disable-next-line no-control-regex -- these are what has to go
const escaped = /[\u0000-\u0008\u000a-\u001f"|\u007f]/g

/** `|` and two hexadecimal digits. */
function escape(value: string): string {
  return value.replace(
    escaped,
    (character) => `|${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function unescape(value: string): string {
  return value.replace(/\|([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}

const linePattern = /^[ \t]*([^ \t=#]+)[ \t]*=[ \t]*(?:"([^"]*)"|([^ \t#"]*))[ \t]*(?:#.*)?$/ // sata0:0.fileName = "C:\azl.iso"  # comment

function parseLine(line: string): readonly [key: string, value: string] | undefined {
  const [, key, quoted, bare] = linePattern.exec(line.replace(/\r$/, '')) ?? []
  return key === undefined ? undefined : [key, unescape(quoted ?? bare ?? '')]
}

export function renderLine(key: string, value: string): string {
  return `${key} = "${escape(value)}"`
}

/** Lines that are no setting stay as they are. */
export class VmxFile {
  readonly #lines: readonly string[]

  private constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  static parse(text: string): VmxFile {
    return new VmxFile(
      text
        .replace(/^\uFEFF/, '')
        .replace(/\r?\n$/, '')
        .split('\n'),
    )
  }

  static of(entries: VmxEntries): VmxFile {
    return new VmxFile(entries.map(([key, value]) => renderLine(key, value)))
  }

  get entries(): VmxEntries {
    return this.#lines.flatMap((line) => {
      const entry = parseLine(line)
      return entry ? [entry] : []
    })
  }

  /** Undefined where the key is not there. */
  get(key: string): string | undefined {
    const wanted = key.toLowerCase()
    return this.entries.findLast(([each]) => each.toLowerCase() === wanted)?.[1]
  }

  isTrue(key: string): boolean {
    return this.get(key)?.toLowerCase() === 'true'
  }

  /** In the place of the same key, else at the end. */
  with(...changes: VmxEntries): VmxFile {
    const lines = [...this.#lines]
    for (const [key, value] of changes) {
      const at = lines.findIndex((line) => parseLine(line)?.[0].toLowerCase() === key.toLowerCase())
      if (at < 0) lines.push(renderLine(key, value))
      else lines[at] = renderLine(key, value)
    }
    return new VmxFile(lines)
  }

  without(isGone: (key: string) => boolean): VmxFile {
    return new VmxFile(
      this.#lines.filter((line) => {
        const key = parseLine(line)?.[0]
        return key === undefined || !isGone(key.toLowerCase())
      }),
    )
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }
}
