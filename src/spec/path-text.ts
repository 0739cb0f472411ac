import { printable } from '../printable.ts'
import type { SpecPath } from './diagnostics.ts'

/** `machine.disks[0].size`: how a path is written in messages and in `--set`. */
export function pathText(path: SpecPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    const shown = printable(part.slice(0, 64))
    return text === '' ? shown : `${text}.${shown}`
  }, '')
}

/** Whether `path` is `parent` or lies below it. */
export function isWithin(path: SpecPath, parent: SpecPath): boolean {
  return parent.every((part, index) => path[index] === part)
}
