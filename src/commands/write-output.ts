import { chmod, writeFile } from 'node:fs/promises'
import { AzlVmError, errorText, type ErrorCode } from '../errors.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EROFS: 'permission-denied',
}

/** Writes a file that the user named, replacing one that is there. */
export async function writeOutput(file: string, content: string | Uint8Array, mode?: number): Promise<void> {
  try {
    await writeFile(file, content)
    if (mode !== undefined) await chmod(file, mode)
  } catch (error) {
    const code = codes[String((error as NodeJS.ErrnoException).code)] ?? 'path-not-found'
    throw new AzlVmError(code, `cannot write ${file}: ${errorText(error)}`, {
      cause: error,
      hint: 'Name a file in a folder that is there and that you may write, with --out.',
    })
  }
}
