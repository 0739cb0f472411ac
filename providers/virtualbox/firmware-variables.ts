/** A machine's firmware variables: a file beside its settings, which with a TPM is a tar archive of both. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isTarHeader, readTarHeader, tarBlock, tarEntryBytes } from '../../src/host/tar-header.ts'
import { hasCode } from '../../src/store/atomic-file.ts'
import type { FoundMachine } from './machines.ts'

/** The entry with the variables (NvramStoreImpl.cpp). */
const variablesName = 'efi/nvram'

export function variablesOf({ folder, ref }: Pick<FoundMachine, 'folder' | 'ref'>): string {
  return path.join(folder, `${ref.name}.nvram`)
}

/** Copies the variables and not the TPM: that of a clone is fresh. Nothing where there are none yet. */
export async function copyVariables(from: string, to: string): Promise<void> {
  const store = await readStore(from)
  const variables = store && variablesIn(store)
  if (variables) await writeFile(to, variables, { mode: 0o600 })
}

/** The last that is written for Secure Boot: its name in UTF-16 with its end, as it stands before a variable's value. */
const secureBootSwitch = Buffer.from('SecureBootEnable\0', 'utf16le')

/**
 * Whether all was done for Secure Boot: VirtualBox calls it on as soon as the platform's key is there and nothing says
 * otherwise (UefiVariableStoreImpl.cpp). Where there is no store to look at, VirtualBox's word holds.
 */
export async function isSecureBootWhole(machine: FoundMachine): Promise<boolean> {
  if (!machine.secureBoot) return false
  const store = await readStore(variablesOf(machine))
  const variables = store && variablesIn(store)
  return variables?.includes(secureBootSwitch) ?? true
}

async function readStore(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** The variables alone; undefined where an archive has none. */
export function variablesIn(store: Buffer): Buffer | undefined {
  if (!isTarHeader(store.subarray(0, tarBlock))) return store
  for (let at = 0; at + tarBlock <= store.length;) {
    const header = readTarHeader(store.subarray(at, at + tarBlock))
    if (!header) return undefined
    if (header.name === variablesName) return store.subarray(at + tarBlock, at + tarBlock + header.sizeBytes)
    at += tarEntryBytes(header)
  }
  return undefined
}
