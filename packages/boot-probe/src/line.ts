/** One line of the probe: {"azl":"probe","v":1,"seq":0,"type":"begin",...}. See efi/line.h. */
export interface ProbeLine {
  readonly seq: number
  readonly type: string
  readonly fields: ReadonlyMap<string, unknown>
}

export const lineMarker = '{"azl":"probe",'

/** The line, or undefined where the text is not a whole one. */
export function parseLine(text: string): ProbeLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(value))
  const seq = fields.get('seq')
  const type = fields.get('type')
  return typeof seq === 'number' && Number.isSafeInteger(seq) && typeof type === 'string'
    ? { seq, type, fields }
    : undefined
}

/** What the checksum of a closing line covers of that line itself: all before the checksum. */
export function beforeChecksum(text: string): string {
  const at = text.lastIndexOf(',"crc32":"')
  return at === -1 ? text : text.slice(0, at)
}

export function textOrNull(line: ProbeLine | undefined, name: string): string | null {
  const value = line?.fields.get(name)
  return typeof value === 'string' ? value : null
}

export function numberOrNull(line: ProbeLine | undefined, name: string): number | null {
  const value = line?.fields.get(name)
  return typeof value === 'number' ? value : null
}

export function boolOrNull(line: ProbeLine | undefined, name: string): boolean | null {
  const value = line?.fields.get(name)
  return typeof value === 'boolean' ? value : null
}

export function textsOf(line: ProbeLine | undefined, name: string): readonly string[] {
  const value = line?.fields.get(name)
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
