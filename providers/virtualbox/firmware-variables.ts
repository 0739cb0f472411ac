/** A machine's firmware variables: a file beside its settings, which with a TPM is a tar archive of both. */
import { readFile, writeFile } from 'node:fs/promises'
import { hasCode } from '../../src/store/atomic-file.ts'

const block = 512
/** Where a tar header has what (POSIX ustar). */
const nameField = [0, 100] as const
const sizeField = [124, 136] as const
const magicField = [257, 262] as const

/** The entry with the variables (NvramStoreImpl.cpp). */
const variablesName = 'efi/nvram'

/** Copies the variables and not the TPM: that of a clone is fresh. Nothing where there are none yet. */
export async function copyVariables(from: string, to: string): Promise<void> {
  let store: Buffer
  try {
    store = await readFile(from)
  } catch (error) {
    if (error instanceof Error && hasCode(error, 'ENOENT')) return
    throw error
  }
  const variables = variablesIn(store)
  if (variables) await writeFile(to, variables, { mode: 0o600 })
}

/** The variables alone; undefined where an archive has none. */
export function variablesIn(store: Buffer): Buffer | undefined {
  const textAt = (at: number, [from, to]: readonly [number, number]): string =>
    store.toString('latin1', at + from, at + to).replace(/\0.*$/s, '')
  if (textAt(0, magicField) !== 'ustar') return store
  for (let at = 0; at + block <= store.length;) {
    const name = textAt(at, nameField)
    const size = Number.parseInt(textAt(at, sizeField).trim() || '0', 8)
    if (name === '' || !Number.isSafeInteger(size)) return undefined
    if (name === variablesName) return store.subarray(at + block, at + block + size)
    at += block + Math.ceil(size / block) * block
  }
  return undefined
}
