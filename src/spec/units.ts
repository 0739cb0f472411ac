/** Sizes and durations as people write them in a spec, and back. */

const bytesPer = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const
const millisecondsPer = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `4GiB`, `512MiB`, `2TiB`: the same pattern is in the JSON Schema. */
export const sizePattern = /^[1-9][0-9]{0,6}(?:MiB|GiB|TiB)$/
/** `90s`, `5m`, `1h`, `7d`. */
export const durationPattern = /^[1-9][0-9]{0,6}[smhd]$/

/** A value that was read, or why it was not and what to write. */
export type UnitResult =
  { readonly ok: true; readonly value: number } | { readonly ok: false; readonly reason: string; readonly hint: string }

/** Bytes of a size such as `4GiB`. Never guesses: whatever else people write is refused with the likely meaning. */
export function parseSize(input: unknown): UnitResult {
  if (typeof input === 'string' && sizePattern.test(input)) {
    return { ok: true, value: Number.parseInt(input, 10) * bytesPer[input.slice(-3) as 'MiB' | 'GiB' | 'TiB'] }
  }
  const allowed = 'a size is a whole number and MiB, GiB or TiB'
  if (typeof input === 'number') {
    if (!Number.isInteger(input) || input <= 0) return refused(allowed, 'write for example 4GiB')
    // 4294967296 is bytes, 4096 is MiB, 4 is GiB: the unit under which the number is a plausible size.
    const meant = input < 512 ? `${input}GiB` : input < 1024 ** 2 * 16 ? `${input}MiB` : formatSize(input)
    return refused(`a size needs its unit`, `write ${meant}`)
  }
  if (typeof input !== 'string') return refused(allowed, 'write for example 4GiB')
  const parts = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$/.exec(input)
  if (parts === null || Number(parts[1]) === 0) return refused(allowed, 'write for example 4GiB')
  return explainSize(parts[1] ?? '', parts[2] ?? '', allowed)
}

function explainSize(number: string, unit: string, allowed: string): UnitResult {
  const binary = ({ m: 'MiB', g: 'GiB', t: 'TiB' } as const)[unit.charAt(0).toLowerCase()]
  if (binary === undefined) {
    return refused(unit === '' ? 'a size needs its unit' : allowed, `write for example ${plainNumber(number)}GiB`)
  }
  if (number.includes('.')) {
    const mebibytes = Math.round((Number(number) * bytesPer[binary]) / bytesPer.MiB)
    return refused('a size is a whole number', `write ${mebibytes}MiB`)
  }
  const meant = `${plainNumber(number)}${binary}`
  // Hyper-V's PowerShell reads 4GB as 4 x 2^30, disk sellers as 4 x 10^9: we do not choose silently.
  if (/^[mgt]b$/i.test(unit)) {
    return refused(
      `"${unit}" has two meanings`,
      `PowerShell's ${number}${unit.toUpperCase()} is ${meant}: write ${meant}`,
    )
  }
  return refused(allowed, `write ${meant}`)
}

/** Milliseconds of a duration such as `5m`. */
export function parseDuration(input: unknown): UnitResult {
  if (typeof input === 'string' && durationPattern.test(input)) {
    return {
      ok: true,
      value: Number.parseInt(input, 10) * millisecondsPer[input.slice(-1) as keyof typeof millisecondsPer],
    }
  }
  const allowed = 'a duration is a whole number and s, m, h or d'
  if (typeof input === 'number' && Number.isInteger(input) && input > 0) {
    return refused('a duration needs its unit', `write ${input}s for seconds or ${input}m for minutes`)
  }
  if (typeof input !== 'string') return refused(allowed, 'write for example 5m')
  const parts = /^\s*([1-9][0-9]*)\s*([A-Za-z]*)\s*$/.exec(input)
  if (parts?.[2] === '') return parseDuration(Number(parts[1]))
  const unit = (parts?.[2] ?? '').charAt(0).toLowerCase()
  if (parts === null || !(unit in millisecondsPer) || /^(ms|milli|mo)/i.test(parts[2] ?? '')) {
    return refused(allowed, 'write for example 90s, 5m, 1h or 7d')
  }
  return refused(allowed, `write ${parts[1]}${unit}`)
}

function refused(reason: string, hint: string): UnitResult {
  return { ok: false, reason, hint }
}

function plainNumber(number: string): string {
  return number.replace(/^0+(?=[0-9])/, '')
}

/** A size in the largest unit that divides it: 4294967296 is `4GiB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % bytesPer[unit] === 0) return `${bytes / bytesPer[unit]}${unit}`
  }
  return `${bytes} bytes`
}

/** A duration in the largest unit that divides it: 300000 is `5m`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms > 0 && ms % millisecondsPer[unit] === 0) return `${ms / millisecondsPer[unit]}${unit}`
  }
  return `${ms} ms`
}
