import * as z from 'zod'
import { loadSpec, type LoadSpecOptions } from '../../../src/spec/load.ts'
import type { LoadedSpec } from '../../../src/spec/loaded-spec.ts'
import { SpecError } from '../../../src/spec/diagnostics.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

/** Providers as the composition would hand them in. */
export const providers = { kvm: z.strictObject({ network: z.string().optional() }) }

export const valid = 'version: 1\nname: a\nsource: { probe: {} }\n'

/** Loads a text as ./azl-vm.yaml of a folder of its own. */
export async function load(text: string | Uint8Array, options: Partial<LoadSpecOptions> = {}): Promise<LoadedSpec> {
  const cwd = await temporaryFolder({ 'azl-vm.yaml': text })
  return await loadSpec({ file: undefined, cwd, providers, hostArchitecture: 'x86_64', ...options })
}

/** The error that a text is refused with. */
export async function refusal(text: string | Uint8Array, options: Partial<LoadSpecOptions> = {}): Promise<SpecError> {
  const error: unknown = await load(text, options).then(
    (loaded) => new Error(`was accepted: ${JSON.stringify(loaded.spec)}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof SpecError) return error
  throw error
}

/** `line:column path: message | hint` of each fault. */
export async function faults(text: string | Uint8Array, options: Partial<LoadSpecOptions> = {}): Promise<string[]> {
  const { diagnostics } = await refusal(text, options)
  return diagnostics.map(({ path, message, hint, line, column, option }) => {
    const place = option ?? `${line ?? '?'}:${column ?? '?'}`
    return `${place} ${path.join('.')}: ${message} | ${hint ?? ''}`
  })
}

/** The valid spec with lines put behind it. */
export function withLines(...lines: readonly string[]): string {
  return `${valid}${lines.join('\n')}\n`
}
