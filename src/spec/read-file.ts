/** Finds and reads the file of a spec; says what is near where it is not there. */
import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { AzlVmError, errorText } from '../errors.ts'
import { didYouMean } from '../did-you-mean.ts'
import { shortened } from '../printable.ts'
import { decodeText } from './decode.ts'
import { SpecError } from './diagnostics.ts'

/** The spec that is meant where none is named. */
export const defaultSpecFile = 'azl-vm.yaml'
const maxBytes = 1024 ** 2

export interface SpecFile {
  /** Absolute. */
  readonly path: string
  readonly text: string
}

/** `name` is what the user typed; undefined: ./azl-vm.yaml. */
export async function readSpecFile(name: string | undefined, cwd: string): Promise<SpecFile> {
  const path = resolve(cwd, name ?? defaultSpecFile)
  const shown = shortened(name ?? defaultSpecFile, 200)
  const bytes = await readBytes(path, shown).catch(async (error: unknown) => {
    if (error instanceof AzlVmError) throw error
    throw await unreadable(error, name, path, shown)
  })
  const decoded = decodeText(bytes)
  if ('problem' in decoded) throw refused(`${shown}: ${decoded.problem}`, isoHint(path) ?? decoded.hint)
  return { path, text: decoded.text }
}

async function readBytes(path: string, shown: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(maxBytes + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) return buffer.subarray(0, length)
      length += bytesRead
    }
  } finally {
    await file.close()
  }
  throw refused(`${shown} is larger than 1 MiB: that is no spec`, isoHint(path) ?? 'name the YAML file of a spec')
}

function isoHint(path: string): string | undefined {
  if (!/\.iso$/i.test(path)) return undefined
  return `an ISO is named in a spec, as 'source: { iso: ./${basename(path)} }'; 'azl-vm init minimal' writes one`
}

async function unreadable(error: unknown, name: string | undefined, path: string, shown: string): Promise<AzlVmError> {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return await notFound(name, path, shown)
  if (code === 'EISDIR') {
    const inside = (await specsIn(path))[0]
    const hint = inside === undefined ? 'name the file of a spec' : `did you mean ${join(shown, inside)}?`
    return refused(`${shown} is a directory`, hint)
  }
  const why = code === 'EACCES' || code === 'EPERM' ? 'you may not read it' : errorText(error)
  return refused(`${shown} cannot be read: ${why}`, undefined, error)
}

async function notFound(name: string | undefined, path: string, shown: string): Promise<AzlVmError> {
  const folder = dirname(path)
  const candidates = await specsIn(folder)
  if (name === undefined) {
    const other = candidates[0]
    const hint =
      other === undefined
        ? "'azl-vm init' writes one; or name the file of a spec"
        : `name one, for example ${other}; or 'azl-vm init' writes ./${defaultSpecFile}`
    return new AzlVmError('path-not-found', `no spec was named, and there is no ./${defaultSpecFile} here`, {
      hint,
    })
  }
  const near = nearest(basename(path), candidates)
  const hint =
    near === undefined
      ? "'azl-vm init' writes a spec to start from"
      : `did you mean ${join(relative(dirname(resolve(path)), folder), dirname(name), near)}?`
  return new AzlVmError('path-not-found', `${shown} is not there`, { hint })
}

function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const stem = (file: string) => file.replace(/\.ya?ml$/i, '')
  return candidates.find((file) => stem(file) === stem(typed)) ?? didYouMean(typed, candidates)
}

async function specsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((each) => /\.ya?ml$/i.test(each)).sort()
}

function refused(message: string, hint?: string, cause?: unknown): SpecError {
  return new SpecError(message, [], {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  })
}
