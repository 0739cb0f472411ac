import { AzlVmError } from '../errors.ts'
import { namePattern } from '../spec/name-pattern.ts'

/** Throws a usage error where `name` is none for what is to be made. */
export function requireName(name: string, what: 'a machine' | 'a snapshot'): void {
  if (namePattern.test(name)) return
  throw new AzlVmError('usage', `"${name}" is not a name for ${what}`, {
    hint: 'Use at most 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit.',
  })
}
