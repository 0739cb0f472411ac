/**
 * Values of Windows' registry. `reg query` writes in the code page of consoles, which has not all letters and is nowhere
 * told; `reg export` writes a file in UTF-16.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { variableOf } from './environment.ts'
import { runProgram } from './run-program.ts'

export interface RegistryValue {
  /** `HKLM\SOFTWARE\…` */
  readonly key: string
  /** Undefined: the key's default value. */
  readonly name?: string
}

const timeoutMs = 10_000

/** A text of the registry, its `%NAMES%` put in; undefined where there is none. */
export async function registryText(
  value: RegistryValue,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  const reg = path.win32.join(variableOf(env, 'SYSTEMROOT') ?? 'C:\\Windows', 'System32', 'reg.exe')
  const folder = await mkdtemp(path.join(tmpdir(), 'azl-vm-registry-'))
  try {
    const file = path.join(folder, 'key.reg')
    const { exitCode } = await runProgram(reg, ['export', value.key, file, '/y'], { env, signal, timeoutMs })
    if (exitCode !== 0) return undefined
    return textIn(await readFile(file, 'utf16le'), value.name, env)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * The value of the file's first key:
 *
 *     [HKEY_LOCAL_MACHINE\SOFTWARE\Oracle\VirtualBox]
 *     @="the default one"
 *     "InstallDir"="C:\\Program Files\\Oracle\\VirtualBox\\"
 *     "LeaseFile"=hex(2):25,00,50,00,72,00,\
 *       6f,00,00,00
 */
export function textIn(exported: string, name: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  const [, ownPart = ''] = /^\[.*\]\r?$([^]*?)(?=^\[|$(?![^]))/m.exec(exported) ?? []
  const lines = ownPart.replace(/\\\r?\n\s*/g, '').split(/\r?\n/)
  for (const line of lines) {
    const [, named, text, bytes] =
      /^(@|"(?:[^"\\]|\\.)*")=(?:"((?:[^"\\]|\\.)*)"|hex\(2\):([0-9a-f,]*))$/i.exec(line) ?? []
    if (named === undefined || nameIn(named)?.toLowerCase() !== name?.toLowerCase()) continue
    return bytes === undefined ? unescaped(text ?? '') : expanded(decoded(bytes), env)
  }
  return undefined
}

function nameIn(text: string): string | undefined {
  return text === '@' ? undefined : unescaped(text.slice(1, -1))
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}

/** REG_EXPAND_SZ is written as the bytes of UTF-16, with a zero at the end. */
function decoded(bytes: string): string {
  return Buffer.from(bytes.replaceAll(',', ''), 'hex').toString('utf16le').replace(/\0+$/, '')
}

function expanded(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(/%([^%]+)%/g, (whole, name: string) => variableOf(env, name) ?? whole)
}
