import { access } from 'node:fs/promises'

/** Whether there is a file or folder of this name; one that may not be looked at counts as absent. */
export async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
