/** A mark as JSON text, wherever a hypervisor keeps it; and the checks that its provider's part is read with. */
import type { Mark } from './mark.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Text that is no mark of this version is none. `isProviderData` looks at the provider's own part. */
export function parseMark(text: string, isProviderData: (data: Fields) => boolean): Mark | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMark(value) && isProviderData(value.provider) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * A mark is read from whatever machine is there, and parts of it become commands and names: all of it is looked at.
 * By hand, because each verb reads marks, and zod takes its time to load.
 */
function isMark(value: unknown): value is Mark {
  if (!isObject(value)) return false
  const texts = ['tool', 'owner', 'runId', 'machineId', 'name', 'phase', 'specDigest', 'created']
  return (
    value['v'] === 1 &&
    texts.every((key) => typeof value[key] === 'string') &&
    isOptional(value['expires'], isText) &&
    isCreator(value['creator']) &&
    isOptional(value['installer'], isInstaller) &&
    isObject(value['provider'])
  )
}

function isCreator(value: unknown): boolean {
  return isObject(value) && isIn(value['pid'], 1) && isText(value['startTime']) && isText(value['bootId'])
}

function isInstaller(value: unknown): boolean {
  return isObject(value) && isText(value['sha256']) && isText(value['fileName'])
}

export function isOptional(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || is(value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

export function isListOf(value: unknown, is: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isIn(value: unknown, least: number, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
}
