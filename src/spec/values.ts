/**
 * The zod types of single values in a spec. A fault's text is `message`, a line break, and the hint:
 * zod carries one string, and src/spec/faults.ts takes the two apart again.
 */
import * as z from 'zod'
import { durationPattern, formatSize, parseDuration, parseSize, sizePattern, type UnitResult } from './units.ts'

/** Joins what is wrong and what to write into the one string that zod carries. */
export function fault(message: string, hint?: string): string {
  return hint === undefined ? message : `${message}\n${hint}`
}

function unitFault(result: UnitResult): string {
  return result.ok ? '' : fault(result.reason, result.hint)
}

/** A size in bytes, written as `4GiB`. */
export function size(limits: {
  readonly minimum: number
  readonly maximum: number
  readonly examples: readonly string[]
}) {
  return z
    .string({ error: (issue) => (issue.input == null ? undefined : unitFault(parseSize(issue.input))) })
    .meta({ pattern: sizePattern.source, examples: [...limits.examples] })
    .transform((text, ctx) => {
      const result = parseSize(text)
      if (!result.ok) {
        ctx.addIssue({ code: 'custom', message: unitFault(result) })
        return z.NEVER
      }
      if (result.value < limits.minimum || result.value > limits.maximum) {
        const hint = `write a size from ${formatSize(limits.minimum)} to ${formatSize(limits.maximum)}`
        ctx.addIssue({
          code: 'custom',
          message: fault(result.value < limits.minimum ? 'too small' : 'too large', hint),
        })
        return z.NEVER
      }
      return result.value
    })
}

/** A duration in milliseconds, written as `5m`. */
/** `maximumMs`: what a timer can wait for at most, where the duration is waited for. */
export function duration({
  maximumMs,
  examples,
}: {
  readonly maximumMs?: number
  readonly examples: readonly string[]
}) {
  return z
    .string({ error: (issue) => (issue.input == null ? undefined : unitFault(parseDuration(issue.input))) })
    .meta({ pattern: durationPattern.source, examples: [...examples] })
    .transform((text, ctx) => {
      const result = parseDuration(text)
      if (!result.ok) ctx.addIssue({ code: 'custom', message: unitFault(result) })
      else if (maximumMs !== undefined && result.value > maximumMs) {
        const most = `${maximumMs / 3_600_000}h`
        ctx.addIssue({ code: 'custom', message: fault(`longer than ${most}`, `write ${most} or less`) })
      } else return result.value
      return z.NEVER
    })
}

// eslint-disable-next-line no-control-regex -- finding control characters is the point
const controlCharacters = /[\u0000-\u001f\u007f]/

/** A path. `"C:\temp\new.iso"` parses in YAML, to a tab and a line break: such a path is refused with the reason. */
export function path() {
  return z
    .string()
    .min(1, { error: fault('the path is empty', 'write the path of a file') })
    .refine((text) => !controlCharacters.test(text), {
      error: fault(
        'the path holds control characters: in double quotes, YAML reads \\t as a tab and \\n as a line break',
        "write the path in single quotes, as in 'C:\\isos\\azl.iso'",
      ),
    })
}

/** The file of an image on this computer; what looks like an address on the network is refused. */
export function localFile() {
  return path().refine((text) => !/^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(text), {
    error: fault('an address is not a path', 'download the file, and write the path where it is'),
  })
}

/** One line of text without control characters. */
export function line(what: string) {
  return z
    .string()
    .min(1, { error: fault(`${what} is empty`) })
    .max(1024, { error: fault(`${what} is longer than 1024 characters`) })
    .refine((text) => !controlCharacters.test(text), { error: fault(`${what} holds control characters`) })
}

const macPattern = /^(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$/

/** A hardware address, in lower case with colons afterwards. */
export function macAddress() {
  return z
    .string()
    .meta({ pattern: `^(?:auto|${macPattern.source.slice(1, -1)})$`, examples: ['auto', '52:54:00:12:34:56'] })
    .transform((text, ctx): string => {
      const mac = text.toLowerCase().replaceAll('-', ':')
      if (mac === 'auto') return 'auto'
      const problem = !macPattern.test(text)
        ? fault('not a hardware address', 'write auto, or six bytes in hexadecimal such as 52:54:00:12:34:56')
        : Number.parseInt(mac.slice(0, 2), 16) % 2 === 1
          ? fault('a multicast address cannot be the address of a network card', 'write an even first byte, such as 52')
          : mac === '00:00:00:00:00:00'
            ? fault('the address of a network card cannot be all zero', 'write auto')
            : undefined
      if (problem === undefined) return mac
      ctx.addIssue({ code: 'custom', message: problem })
      return z.NEVER
    })
}
