/**
 * The modules that Windows makes of CIM classes, as script modules: there their commands are functions, so their errors'
 * ids end with the function's name, and an error ends the caller only with -ErrorAction Stop.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CmdletFixture, ModuleFixture, ParameterFixture } from './module-fixture.ts'

/** Those that scripts of ours call. */
const modules = ['NetNat', 'NetTCPIP', 'NetAdapter', 'Storage', 'HostNetworkingService'] as const

/** Not in the fixture: Windows Server 2019's own module has no documentation. Source: microsoft/SDN, pjh/SDN (a listing). */
const undocumented: Readonly<Record<string, CmdletFixture>> = {
  'Get-HnsNetwork': {
    m: 'HostNetworkingService',
    def: null,
    ssp: false,
    p: { Id: { t: 'String', s: { __AllParameterSets: '0' } } },
  },
}

const plain = new Set('String UInt16 UInt32 UInt64 Int32 Int64 Byte Char Boolean TimeSpan Object'.split(' '))

function parameterSource(name: string, { t, a = [], v, s }: ParameterFixture): string {
  const isList = t.endsWith('[]')
  const element = t.replace('[]', '')
  const type =
    t === 'SwitchParameter'
      ? 'switch'
      : `${plain.has(element) ? element : v ? 'string' : 'object'}${isList ? '[]' : ''}`
  const sets = Object.entries(s).map(([set, flags]) => {
    const position = /\d+/.exec(flags)?.[0] // 'M0VP'
    const facts = [
      ...(set === '__AllParameterSets' ? [] : [`ParameterSetName='${set}'`]),
      ...(flags.includes('M') ? ['Mandatory=$true'] : []),
      ...(position === undefined ? [] : [`Position=${position}`]),
      ...(flags.includes('V') ? ['ValueFromPipeline=$true'] : []),
      ...(flags.includes('P') ? ['ValueFromPipelineByPropertyName=$true'] : []),
    ]
    return `[Parameter(${facts.join(', ')})]`
  })
  const quoted = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ')
  return [
    ...sets,
    ...(a.length === 0 ? [] : [`[Alias(${quoted(a)})]`]),
    ...(v === undefined ? [] : [`[ValidateSet(${quoted(v)})]`]),
    `[${type}]$${name}`,
  ].join(' ')
}

function functionSource(name: string, { def, p }: CmdletFixture): readonly string[] {
  const facts = [
    ...(def === null || def === '__AllParameterSets' ? [] : [`DefaultParameterSetName='${def}'`]),
    ...('WhatIf' in p ? ['SupportsShouldProcess=$true'] : []),
  ]
  const own = Object.entries(p).filter(([parameter]) => parameter !== 'WhatIf' && parameter !== 'Confirm')
  return [
    `function ${name} {`,
    `    [CmdletBinding(${facts.join(', ')})]`,
    '    param(',
    own.map(([parameter, value]) => `        ${parameterSource(parameter, value)}`).join(',\n'),
    '    )',
    '    process {',
    `        $refusal = [AzlVm.HyperV.Simulator.PlayedCommand]::Run($PSCmdlet, '${name}')`,
    '        if ($null -eq $refusal) { return }',
    '        $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new(',
    '                $refusal, $refusal.Error.Id, $refusal.Category, $refusal.Target))',
    '    }',
    '}',
  ]
}

/** Writes each module's folder below `folder`. */
export async function writeFunctionModules(fixture: ModuleFixture, folder: string): Promise<void> {
  for (const module of modules) {
    const cmdlets = Object.entries({ ...fixture.cmdlets, ...undocumented }).filter(([, { m }]) => m === module)
    const source = cmdlets.flatMap(([name, cmdlet]) => functionSource(name, cmdlet))
    const manifest = [
      '@{',
      `RootModule = '${module}.psm1'`,
      "ModuleVersion = '1.0.0.0'",
      `FunctionsToExport = @(${cmdlets.map(([name]) => `'${name}'`).join(', ')})`,
      'CmdletsToExport = @()',
      'AliasesToExport = @()',
      '}',
    ]
    await mkdir(join(folder, module), { recursive: true })
    await writeFile(join(folder, module, `${module}.psm1`), [...source, ''].join('\r\n'))
    await writeFile(join(folder, module, `${module}.psd1`), [...manifest, ''].join('\r\n'))
  }
}
