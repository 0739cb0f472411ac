/** From the file of a spec to the spec: read, parsed, overridden, checked, defaulted. */
import { createHash } from 'node:crypto'
import { dirname, join, relative, resolve } from 'node:path'
import type { ZodType } from 'zod'
import type { SpecPath } from './diagnostics.ts'
import { faultsOf } from './faults.ts'
import { specJsonSchema } from './json-schema.ts'
import type { LoadedSpec } from './loaded-spec.ts'
import { Locator } from './locator.ts'
import { applyOverride, parseOverride, type Override } from './overrides.ts'
import { pathText } from './path-text.ts'
import { readSpecFile } from './read-file.ts'
import { buildSpecSchema, type Architecture, type Spec, type SpecSource } from './schema.ts'
import { parseYaml } from './yaml.ts'

export interface LoadSpecOptions {
  /** As the user typed it; undefined: ./azl-vm.yaml. */
  readonly file: string | undefined
  readonly cwd: string
  /** Provider name to the zod type of its own key. */
  readonly providers: Readonly<Record<string, ZodType>>
  /** The default of `arch`. */
  readonly hostArchitecture: Architecture
  /** Texts of `--set`, later ones win. */
  readonly set?: readonly string[]
  /** `--provider` and `--host`: short for a `--set`, and stronger. */
  readonly provider?: string | undefined
  readonly host?: string | undefined
  /** For `~/` in `source.iso`. */
  readonly home?: string | undefined
}

/** Reads a spec. Throws one {@link SpecError} with every fault, or a usage error for a malformed `--set`. */
export async function loadSpec(options: LoadSpecOptions): Promise<LoadedSpec> {
  return specFromText(await readSpecFile(options.file, options.cwd), options)
}

/** The same for a text that is there already; `path` is what faults and the machine's record call its file. */
export function specFromText(
  { path: file, text }: { readonly path: string; readonly text: string },
  options: LoadSpecOptions,
): LoadedSpec {
  const overrides = overridesOf(options)
  const document = parseYaml(text)
  const locator = new Locator(shownName(file, options), text, document, overrides)
  if (document.faults.length > 0) throw locator.toSyntaxError(document.faults)
  const value = overrides.reduce(applyOverride, withRoot(document.value, locator))
  const schema = buildSpecSchema({ providers: options.providers })
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw locator.toError(faultsOf(parsed.error.issues, value, specJsonSchema(schema)))
  const spec: Spec = {
    ...parsed.data,
    arch: parsed.data.arch ?? options.hostArchitecture,
    source: absoluteSource(parsed.data.source, dirname(file), options.home),
  }
  return {
    spec,
    file,
    text,
    digest: createHash('sha256').update(canonicalJson(spec)).digest('hex'),
    providerOptions: (provider) => providerOptions(spec, provider),
    isGiven: (path: SpecPath) => locator.isGiven(path),
    locate: (path: SpecPath) => locator.locate(path),
    originOf: (path: SpecPath) =>
      locator.originOf(path) ?? { from: pathText(path) === 'arch' ? 'computer' : 'default' },
    toError: (diagnostics) => locator.toError(diagnostics),
  }
}

/** A provider's own key, as its sub-schema gave it out; undefined where it is not there. */
export function providerOptions(spec: Spec, provider: string): unknown {
  return Object.hasOwn(spec, provider) ? (spec as Readonly<Record<string, unknown>>)[provider] : undefined
}

function overridesOf({ set = [], provider, host }: LoadSpecOptions): Override[] {
  const short = { provider, host }
  return [
    ...set.map(parseOverride),
    ...Object.entries(short).flatMap(([key, value]) =>
      value === undefined ? [] : [{ path: [key], value, option: `--${key} ${value}` }],
    ),
  ]
}

/** As typed; the default file by its name. */
function shownName(file: string, { file: typed, cwd }: LoadSpecOptions): string {
  return typed ?? relative(cwd, file)
}

function withRoot(value: unknown, locator: Locator): unknown {
  const hint = "a spec is a mapping of keys: version, name, source; 'azl-vm init' writes one"
  if (value === undefined || value === null) throw locator.toError([{ path: [], message: 'the spec is empty', hint }])
  if (typeof value === 'object' && !Array.isArray(value)) return value
  const found = Array.isArray(value) ? 'a list' : 'a single value'
  throw locator.toError([{ path: [], message: `a spec is a mapping of keys, and this is ${found}`, hint }])
}

function absoluteSource(source: SpecSource, folder: string, home: string | undefined): SpecSource {
  if (!('iso' in source)) return source
  const isHome = home !== undefined && /^~[\\/]/.test(source.iso)
  return { ...source, iso: isHome ? join(home, source.iso.slice(2)) : resolve(folder, source.iso) }
}

/** The same text for the same values, whatever the order of keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  )
}
