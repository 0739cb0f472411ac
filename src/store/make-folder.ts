import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes a folder and those above it; one that is there is done. Not by Node's own `recursive`, which never ends
 * where the system denies a folder inside one that is there (seen with Node 20 below /proc).
 */
export function makeFolder(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && statSync(folder).isDirectory()) return
    if (codeOf(error) !== 'ENOENT' || folder === path.dirname(folder)) throw error
    makeFolder(path.dirname(folder), mode)
    makeLast(folder, mode)
  }
}

/** Its parent is there by now, so what fails here fails for good; somebody else may have made it meanwhile. */
function makeLast(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
