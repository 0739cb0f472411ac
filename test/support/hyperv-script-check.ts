/**
 * Checks our PowerShell scripts without PowerShell: every command they call against the module's cmdlets as data
 * (test/fixtures/hyperv/cmdlets.json), and the house rules for scripts.
 */
import { readFile } from 'node:fs/promises'
import { powershellParser, type Argument, type CommandCall, type ScriptTree } from './powershell-calls.ts'

export interface Script {
  readonly file: string
  readonly text: string
}

interface Parameter {
  readonly t: string
  readonly a?: readonly string[]
  readonly e?: string
  readonly v?: readonly string[]
  readonly r?: readonly [number, number]
  /** Absent on Windows Server 2016. */
  readonly n?: 1
  /** By parameter set: M where it is mandatory there. */
  readonly s: Readonly<Record<string, string>>
}

interface Cmdlet {
  readonly m: string
  readonly sets: readonly string[]
  readonly p: Readonly<Record<string, Parameter>>
}

interface ModuleData {
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly cmdlets: Readonly<Record<string, Cmdlet>>
}

/** The engine's own, and others that both 5.1 and 7 have and whose use is plain; HNS's module has no documentation. */
const otherCommands = [
  'Set-StrictMode',
  'Get-Command',
  'Import-Module',
  'Where-Object',
  'ForEach-Object',
  'Get-CimInstance',
  'Invoke-CimMethod',
  'New-Item',
  'Get-WinEvent',
  'Get-ExecutionPolicy',
  'Get-Item',
  'Write-Warning',
  'Start-Sleep',
  String.raw`HostNetworkingService\Get-HnsNetwork`,
]
/** Of these -Path is a pattern, and a folder's name may be one. */
const literalCommands = ['Get-Item', 'Get-ChildItem', 'Get-Content', 'Remove-Item', 'Test-Path', 'Resolve-Path']
/** Of Hyper-V's cmdlets: patterns too, but for what they make. */
const patternParameters = ['Name', 'VMName', 'SwitchName', 'VMSwitchName', 'VMSnapshotName']
/** They ask a host what names do to its cmdlets, of machines and switches of their own. */
const asksByName = ['rules.ps1', 'times.ps1']
/** Where commands are looked up in a fixed table, or are a file of ours. */
const dispatchers = [
  ...['worker.ps1', 'bootstrap.ps1', 'receive-file.ps1', 'send-file.ps1', 'relay.ps1', 'recorder.ps1'],
  // Those of test/hyperv-host take each question as a block of their own.
  ...['lines.ps1', 'rules.ps1', 'boots.ps1', 'times.ps1', 'lists.ps1'],
]

const commonParameters = ['ErrorAction', 'WarningAction', 'OutVariable', 'ErrorVariable', 'Verbose']

/** Each fault as `file:line: what`. */
export async function scriptChecker(): Promise<(scripts: readonly Script[]) => readonly string[]> {
  const file = new URL('../fixtures/hyperv/cmdlets.json', import.meta.url)
  const module = JSON.parse(await readFile(file, 'utf8')) as ModuleData
  const parse = await powershellParser()
  return (scripts) => {
    const trees = scripts.map((script) => ({ ...script, tree: parse(script.text) }))
    const functions = new Set(trees.flatMap(({ tree }) => tree.functions))
    return trees.flatMap(({ file: name, text, tree }) =>
      [
        ...plainFaults(text, tree),
        ...tree.calls.flatMap((call) =>
          callFaults(module, functions, call, name).map((what) => ({ line: call.line, what })),
        ),
      ].map(({ line, what }) => `${name}:${String(line)}: ${what}`),
    )
  }
}

interface Fault {
  readonly line: number
  readonly what: string
}

function plainFaults(text: string, tree: ScriptTree): readonly Fault[] {
  const lines = text.split('\n')
  return [
    ...tree.notUnderstood.map((node) => ({ line: node.line, what: `not PowerShell 5.1: ${node.text}` })),
    ...tree.variables
      .filter(({ name }) => name.toLowerCase() === '$input')
      .map(({ line }) => ({ line, what: '$input makes the host read standard input' })),
    ...lines.flatMap((line, index) =>
      /^[\t\x20-\x7e]*$/.test(line) ? [] : [{ line: index + 1, what: 'not ASCII: 5.1 reads it in the ANSI code page' }],
    ),
  ]
}

function callFaults(
  module: ModuleData,
  functions: ReadonlySet<string>,
  call: CommandCall,
  file: string,
): readonly string[] {
  const { name } = call
  if (name === undefined) return dispatchers.includes(file) ? [] : ['a command whose name is computed']
  if (functions.has(name)) return []
  if (otherCommands.includes(name)) return patternFaults(name, call)
  const [, qualifier, bare = ''] = /^(?:([^\\]+)\\)?(.*)$/.exec(name) ?? [] // Hyper-V\Get-VM
  const cmdlet = module.cmdlets[bare]
  if (!cmdlet) return [`no cmdlet ${name}`]
  if (qualifier !== cmdlet.m) return [`${name} must be written ${cmdlet.m}\\${bare}`]
  return [
    ...cmdletFaults(module, cmdlet, bare, call),
    ...(cmdlet.m === 'Hyper-V' && !asksByName.includes(file) ? nameFaults(bare, call) : []),
  ]
}

/** A value that is taken for a pattern, where it is meant as it is. */
function patternFaults(name: string, call: CommandCall): readonly string[] {
  const given = new Map(call.arguments.map(({ parameter, value }) => [parameter.toLowerCase(), value ?? '']))
  if (literalCommands.includes(name)) {
    const isLiteral = given.has('literalpath') && !given.has('path') && call.positional.length === 0
    return isLiteral ? [] : [`${name} -Path is a pattern: it needs -LiteralPath`]
  }
  const target = given.get('value') ?? given.get('target')
  if (name === 'New-Item' && target !== undefined && !target.startsWith('(Get-LinkTarget '))
    return ['New-Item -Value is a pattern before PowerShell 7.6: it needs (Get-LinkTarget ...)']
  return []
}

/** A name that is no word of our own fits others' machines and switches too. */
function nameFaults(name: string, call: CommandCall): readonly string[] {
  if (/^(?:New|Rename|Checkpoint)-/.test(name)) return []
  return call.arguments
    .filter(({ parameter, value = '' }) => patternParameters.includes(parameter) && !/^["']?[-\w ]+["']?$/.test(value))
    .map(({ parameter }) => `${name} -${parameter} is a pattern: take the object by its id`)
}

function cmdletFaults(module: ModuleData, cmdlet: Cmdlet, name: string, call: CommandCall): readonly string[] {
  if (call.positional.length > 0) return [`${name}: ${call.positional.join(' ')} has no parameter's name`]
  const given = call.arguments
    .filter((argument) => !commonParameters.includes(argument.parameter))
    .map((argument) => ({ argument, found: findParameter(cmdlet, argument.parameter) }))
  const unknown = given.filter(({ found }) => !found)
  if (unknown.length > 0) return unknown.map(({ argument }) => `${name} has no parameter -${argument.parameter}`)
  const known = given.flatMap(({ argument, found }) => (found ? [{ argument, ...found }] : []))
  return [
    ...setFaults(
      cmdlet,
      name,
      known.map(({ key }) => key),
    ),
    ...known.flatMap(({ argument, key, parameter }) => [
      ...guardFaults(name, key, parameter, call),
      ...valueFaults(module, name, parameter, argument),
    ]),
  ]
}

function findParameter(cmdlet: Cmdlet, written: string): { key: string; parameter: Parameter } | undefined {
  const found = Object.entries(cmdlet.p).find(([key, { a = [] }]) =>
    [key, ...a].some((each) => each.toLowerCase() === written.toLowerCase()),
  )
  return found && { key: found[0], parameter: found[1] }
}

/** One set must have all that is given, and all that it demands must be given. */
function setFaults(cmdlet: Cmdlet, name: string, keys: readonly string[]): readonly string[] {
  const fitting = cmdlet.sets.filter((set) => keys.every((key) => cmdlet.p[key]?.s[set] !== undefined))
  if (fitting.length === 0) return [`${name}: no parameter set has all of -${keys.join(' -')}`]
  const missing = fitting.map((set) =>
    Object.entries(cmdlet.p).flatMap(([key, { s }]) =>
      (s[set] ?? '').includes('M') && !keys.includes(key) ? [key] : [],
    ),
  )
  const least = missing.reduce((a, b) => (b.length < a.length ? b : a))
  return least.length === 0 ? [] : [`${name} needs -${least.join(' -')}`]
}

function guardFaults(name: string, key: string, parameter: Parameter, call: CommandCall): readonly string[] {
  if (parameter.n !== 1) return []
  const guard = `(Get-Command -Name Hyper-V\\${name}).Parameters.ContainsKey('${key}')`
  return call.conditions.includes(guard) ? [] : [`${name} -${key} is not on every Windows: it needs if (${guard})`]
}

function valueFaults(module: ModuleData, name: string, parameter: Parameter, argument: Argument): readonly string[] {
  const where = `${name} -${argument.parameter}`
  const isSwitch = parameter.t === 'SwitchParameter'
  // -Confirm:$false is the only switch that is switched off.
  const isOff = argument.parameter === 'Confirm' && argument.value === '$false'
  if (isSwitch) return argument.value === undefined || isOff ? [] : [`${where} takes no value`]
  if (argument.value === undefined) return [`${where} needs a value`]
  const enumeration = parameter.e === undefined ? undefined : module.enums[parameter.e]
  const allowed = parameter.v ?? (enumeration && Object.keys(enumeration))
  const literal = /^["']?([-\w]+)["']?$/.exec(argument.value)?.[1] // Off, 'Off', 2
  if (literal === undefined)
    return /^\$(?:true|false)$/i.test(argument.value) && allowed ? [notOneOf(where, argument.value, allowed)] : []
  if (allowed && !allowed.some((each) => each.toLowerCase() === literal.toLowerCase()))
    return [notOneOf(where, literal, allowed)]
  const [low, high] = parameter.r ?? [-Infinity, Infinity]
  if (Number(literal) < low || Number(literal) > high)
    return [`${where} must be from ${String(low)} to ${String(high)}`]
  return []
}

function notOneOf(where: string, value: string, allowed: readonly string[]): string {
  return `${where} takes ${allowed.join(', ')}, not ${value}`
}
