/** PowerShell source text of Hyper-V's cmdlets. Values become literals by one function. */
import { literal } from '../../src/provider/powershell-literal.ts'

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

/** A cmdlet of Hyper-V's module, or `Module\\Cmdlet` of another, with its parameters in the order given. */
export function call(cmdlet: string, parameters: Readonly<Record<string, Value | undefined>>): string {
  const words = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`-${name} ${valueText(value)}`.trimEnd()],
  )
  return [cmdlet.includes('\\') ? cmdlet : `Hyper-V\\${cmdlet}`, ...words].join(' ')
}

export function valueText(value: Value): string {
  if (typeof value === 'string') return literal(value)
  return typeof value === 'object' ? value.code : typeof value === 'boolean' ? `$${String(value)}` : String(value)
}
