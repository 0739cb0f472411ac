import { constants } from 'node:fs'
import { copyFile, rename } from 'node:fs/promises'
import { hasCode } from './atomic-file.ts'

/**
 * Moves a file to a name that is free, also on another file system: there it is copied, and what then still is at
 * `from` is its owner's to remove, who knows who may hold it. A copy that fails leaves nothing. Errors are the system's.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}
