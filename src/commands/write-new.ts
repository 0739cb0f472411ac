/** Files that a command writes for the user: never over one that is there, unless that was said. */
import { open, rm, writeFile } from 'node:fs/promises'
import { AzlVmError, errorText } from '../errors.ts'
import { usageError } from '../usage-error.ts'

export interface NewFile {
  readonly file: string
  /** As messages name it. */
  readonly shown: string
  readonly text: string
}

/** Writes all of the files or, where one of them is there already, none. */
export async function writeNew(files: readonly NewFile[], mayReplace: boolean): Promise<void> {
  if (mayReplace) {
    for (const each of files) await attempt(each, () => writeFile(each.file, each.text))
    return
  }
  const made: string[] = []
  try {
    for (const each of files) {
      await attempt(each, async () => {
        const handle = await open(each.file, 'wx')
        made.push(each.file)
        try {
          await handle.writeFile(each.text)
        } finally {
          await handle.close()
        }
      })
    }
  } catch (error) {
    await Promise.all(made.map((file) => rm(file, { force: true })))
    throw error
  }
}

async function attempt({ shown }: NewFile, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      throw usageError(`${shown} is there already; nothing was written`, 'give --force to replace it, or another name')
    }
    if (code === 'ENOENT')
      throw new AzlVmError('path-not-found', `the folder of ${shown} is not there`, { cause: error })
    throw new AzlVmError('usage', `${shown} cannot be written: ${errorText(error)}`, { cause: error })
  }
}
