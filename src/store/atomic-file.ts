import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AzlVmError, errorText } from '../errors.ts'
import { makeFolder } from './make-folder.ts'

/** {@link writeWhole} below AZL_VM_HOME: an error is about azl-vm's state. */
export async function writeFileAtomic(file: string, content: string | Uint8Array, mode?: number): Promise<void> {
  try {
    await writeWhole(file, content, mode)
  } catch (error) {
    throw stateError(file, error)
  }
}

/**
 * Writes a file so that a reader, or a power cut, sees the old content or the new one and nothing between.
 * `mode` is the file's permission bits (default 0600: state can name hosts and users). Makes the folders above it,
 * for the same readers. Rejects with Node's own error.
 */
export async function writeWhole(file: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}`)
  try {
    makeFolder(path.dirname(file), mode === 0o600 ? 0o700 : 0o755)
    const handle = await open(temporary, 'wx', mode)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await replaceFile(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}

/** How long a file may be open elsewhere before its replacement is given up, milliseconds. */
const heldLimitMs = 10_000

/**
 * Renames onto a file that is there. Windows refuses that with one of these codes while anybody has the file open or
 * replaces it too: a reader or writer of ours, a virus scanner, the indexer. They are done in moments.
 */
async function replaceFile(from: string, to: string): Promise<void> {
  const deadline = Date.now() + heldLimitMs
  for (;;) {
    try {
      await rename(from, to)
      return
    } catch (error) {
      const isHeld = process.platform === 'win32' && hasCode(error, 'EPERM', 'EACCES', 'EBUSY')
      if (!isHeld || Date.now() >= deadline) throw error
      await delay(10)
    }
  }
}

/** The parsed content, or undefined where there is no such file. A file that is no JSON counts as damaged and throws. */
export async function readJsonFile(file: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw stateError(file, error)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AzlVmError('bad-reply', `the state file ${file} is damaged: ${errorText(error)}`, {
      cause: error,
      hint: 'Delete the file; machines are found again by the mark that they carry on the hypervisor.',
    })
  }
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** An error of writing or reading below AZL_VM_HOME, in the user's words. */
export function stateError(file: string, error: unknown): AzlVmError {
  if (error instanceof AzlVmError) return error
  const code = hasCode(error, 'ENOSPC', 'EDQUOT') ? 'no-space' : 'state-not-writable'
  const what = code === 'no-space' ? 'no space is left' : 'azl-vm cannot keep its state'
  return new AzlVmError(code, `${what} at ${file}: ${errorText(error)}`, {
    cause: error,
    hint: 'Set AZL_VM_HOME to a folder that you can write, or mend the rights of this one.',
  })
}
