/** The module's data: what test/fixtures/hyperv holds, with assumed.json put in where that is silent. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface ParameterFixture {
  /** Type, mostly without its namespace. */
  readonly t: string
  /** Aliases. */
  readonly a?: readonly string[]
  /** Accepted values. */
  readonly v?: readonly string[]
  /** Least and greatest value. */
  readonly r?: readonly [number, number]
  /** 1: absent on build 14393. */
  readonly n?: 1
  /** Per set: 'M' mandatory, digits position, 'V' pipeline by value, 'P' by property name. */
  readonly s: Readonly<Record<string, string>>
}

export interface CmdletFixture {
  readonly m: string
  /** Null: none. */
  readonly def: string | null
  /** Supports -WhatIf and -Confirm. */
  readonly ssp: boolean
  readonly p: Readonly<Record<string, ParameterFixture>>
}

export interface ModuleFixture {
  readonly cmdlets: Readonly<Record<string, CmdletFixture>>
  readonly classes: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly bases: Readonly<Record<string, string>>
  readonly cmdletClasses: Readonly<Record<string, string>>
}

interface Assumed {
  readonly bases: Record<string, string>
  readonly properties: Record<string, Record<string, string>>
  readonly enums: Record<string, Record<string, number>>
  readonly cmdletClasses: Record<string, string>
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

/** Reads the three files; `simulator` is test/simulators/hyperv. */
export async function loadModuleFixture(simulator: string): Promise<ModuleFixture> {
  const fixtures = join(simulator, '..', '..', 'fixtures', 'hyperv')
  const { cmdlets } = await json<{ cmdlets: Record<string, CmdletFixture> }>(join(fixtures, 'cmdlets.json'))
  const types = await json<Pick<ModuleFixture, 'classes' | 'enums'>>(join(fixtures, 'types.json'))
  const assumed = await json<Assumed>(join(simulator, 'assumed.json'))
  const accepted = Object.values(cmdlets)
    .filter(({ m }) => m === 'Hyper-V')
    .flatMap(({ p }) => Object.values(p))
    .filter(({ t, v }) => v !== undefined && ['GuestIsolationType', 'TraceLevel'].includes(t))
    .map(({ t, v }) => [
      `Microsoft.HyperV.PowerShell.${t}`,
      Object.fromEntries((v ?? []).map((value, index) => [value, index])),
    ])
  return {
    cmdlets,
    classes: Object.fromEntries(
      Object.entries(types.classes).map(([name, properties]) => [name, { ...properties, ...assumed.properties[name] }]),
    ),
    enums: { ...types.enums, ...assumed.enums, ...(Object.fromEntries(accepted) as ModuleFixture['enums']) },
    bases: assumed.bases,
    cmdletClasses: assumed.cmdletClasses,
  }
}
