/** The scripts that run on the host: where they lie here, and as one text for a host that is another computer. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { assetPath } from '../../src/assets.ts'

/** One of them begins a process; the others are read by these. */
export type EntryScript = 'worker' | 'receive-file' | 'send-file' | 'relay' | 'recorder'

const folder = (): string => assetPath('providers', 'hyperv', 'powershell')

export function entryPath(entry: EntryScript): string {
  return join(folder(), `${entry}.ps1`)
}

export interface ScriptBundle {
  /** SHA-256 of the text, hex digits. */
  readonly digest: string
  /** Name and text by turns, divided by NUL; all ASCII. */
  readonly bytes: Buffer
}

export async function scriptBundle(): Promise<ScriptBundle> {
  const names = (await readdir(folder(), { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ps1') && !textNames.includes(name))
    .sort()
  const pieces = await Promise.all(names.map(async (name) => [name, await readFile(join(folder(), name), 'ascii')]))
  const bytes = Buffer.from(pieces.flat().join('\0'), 'ascii')
  return { digest: createHash('sha256').update(bytes).digest('hex'), bytes }
}

/** Scripts that no process begins with: their text itself is on a command line. */
type TextScript = 'bootstrap' | 'policy-scope'

const textNames: readonly string[] = ['bootstrap.ps1', 'policy-scope.ps1']

/** Without its comments. */
export async function scriptText(name: TextScript): Promise<string> {
  const text = await readFile(join(folder(), `${name}.ps1`), 'ascii')
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#')).join('\n')
}

/** Behind powershell.exe: words that every shell takes as they are. */
export function encodedWords(code: string): readonly string[] {
  const encoded = Buffer.from(code, 'utf16le').toString('base64')
  return ['-NoLogo', '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-EncodedCommand', encoded]
}

/**
 * What a login shell of the host is told to run, whatever it is: words without quotes, backslashes or values. cmd takes
 * 8191 characters. PowerShell goes by its name there, not by its path: %SystemRoot% is cmd's own, $env:SystemRoot
 * PowerShell's, and cmd takes no path with slashes; Windows' PATH leads to the one in System32, which only an
 * administrator or the user could change.
 */
export async function bootstrapCommand(): Promise<string> {
  return ['powershell.exe', ...encodedWords(await scriptText('bootstrap'))].join(' ')
}
