/** What is written where machines are: the user's folders, not azl-vm's state. */
import { AzlVmError, errorText, isAzlVmError } from '../../src/errors.ts'
import { hasCode, writeWhole } from '../../src/store/atomic-file.ts'

/** As {@link writeWhole}; an error tells of the folder for machines. */
export async function writeMachineFile(file: string, content: string): Promise<void> {
  await inMachinesFolder(file, () => writeWhole(file, content))
}

/** Does something with a file or folder there; an error tells of it, and what to change. */
export async function inMachinesFolder<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isAzlVmError(error)) throw error
    const isFull = hasCode(error, 'ENOSPC', 'EDQUOT')
    const isDenied = hasCode(error, 'EACCES', 'EPERM', 'EROFS')
    const code = isFull ? 'no-space' : isDenied ? 'permission-denied' : 'backend-failed'
    throw new AzlVmError(code, `${path} cannot be written: ${errorText(error)}`, {
      cause: error,
      hint: isFull
        ? 'Free some space, or name a folder on a bigger disk: `storage.path` in the spec.'
        : 'Name a folder that you can write, `storage.path` in the spec, or mend the rights of this one.',
    })
  }
}
