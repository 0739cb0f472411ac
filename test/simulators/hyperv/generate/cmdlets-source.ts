/** The module's cmdlets as C#: parameters only. What a cmdlet does is found by its name when it runs. */
import type { CmdletFixture, ModuleFixture, ParameterFixture } from './module-fixture.ts'
import { sourceString, sourceType } from './source-names.ts'

const common = new Set(['WhatIf', 'Confirm'])
const numberTypes = new Set(['Int16', 'Int32', 'Int64', 'UInt16', 'UInt32', 'UInt64', 'Byte'])

function parameterAttribute(set: string, flags: string): string {
  const position = /\d+/.exec(flags)?.[0] // 'M0VP'
  const facts = [
    ...(set === '__AllParameterSets' ? [] : [`ParameterSetName = ${sourceString(set)}`]),
    ...(flags.includes('M') ? ['Mandatory = true'] : []),
    ...(position === undefined ? [] : [`Position = ${position}`]),
    ...(flags.includes('V') ? ['ValueFromPipeline = true'] : []),
    ...(flags.includes('P') ? ['ValueFromPipelineByPropertyName = true'] : []),
  ]
  return `[Parameter(${facts.join(', ')})]`
}

/** The values of an enum parameter are the enum's; of another, a set. */
function validation({ t, v, r }: ParameterFixture, type: string): readonly string[] {
  const element = t.replace('[]', '').replace('System.', '')
  if (r !== undefined && numberTypes.has(element)) {
    return [`[ValidateRange((System.${element})(${r[0]}), (System.${element})(${r[1]}))]`]
  }
  const isPlain = numberTypes.has(element) || type.startsWith('System.String')
  if (v === undefined || !isPlain) return []
  return [`[ValidateSet(${v.map(sourceString).join(', ')})]`]
}

function parameterSource(
  name: string,
  parameter: ParameterFixture,
  cmdlet: CmdletFixture,
  fixture: ModuleFixture,
): readonly string[] {
  // The sources of several builds are merged: what was renamed stands there as a parameter and as an alias of the new one.
  const aliases = (parameter.a ?? []).filter((alias) => !(alias in cmdlet.p))
  const type = sourceType(parameter.t, fixture)
  const lines = [
    ...Object.entries(parameter.s).map(([set, flags]) => parameterAttribute(set, flags)),
    ...(aliases.length === 0 ? [] : [`[Alias(${aliases.map(sourceString).join(', ')})]`]),
    ...validation(parameter, type),
    // Hyper-V takes an empty string and null where a path is taken away, as in Set-VMDvdDrive -Path $null.
    ...(name === 'Path' ? ['[AllowNull]', '[AllowEmptyString]'] : []),
    `public ${type} ${name} { get; set; }`,
  ].map((line) => `    ${line}`)
  return parameter.n === 1 ? ['#if !BUILD_14393', ...lines, '#endif'] : lines
}

function cmdletClass(name: string, fixture: ModuleFixture): string {
  const noun = name.slice(name.indexOf('-') + 1)
  const namespace = noun.startsWith('VHD') ? 'Microsoft.Vhd.PowerShell.Cmdlets' : 'Microsoft.HyperV.PowerShell.Commands'
  return fixture.cmdletClasses[name] ?? `${namespace}.${name.replace('-', '')}`
}

function cmdletSource(name: string, cmdlet: CmdletFixture, fixture: ModuleFixture): readonly string[] {
  const [verb, noun] = name.split('-')
  const fullName = cmdletClass(name, fixture)
  const dot = fullName.lastIndexOf('.')
  const supportsShouldProcess = cmdlet.ssp || 'WhatIf' in cmdlet.p
  const facts = [
    sourceString(verb!),
    sourceString(noun!),
    ...(cmdlet.def === null || cmdlet.def === '__AllParameterSets'
      ? []
      : [`DefaultParameterSetName = ${sourceString(cmdlet.def)}`]),
    ...(supportsShouldProcess ? ['SupportsShouldProcess = true'] : []),
    ...(highImpact.has(name) ? ['ConfirmImpact = ConfirmImpact.High'] : []),
  ]
  return [
    `namespace ${fullName.slice(0, dot)} {`,
    `  [Cmdlet(${facts.join(', ')})]`,
    `  public sealed class ${fullName.slice(dot + 1)} : AzlVm.HyperV.Simulator.SimulatedCmdlet {`,
    ...Object.entries(cmdlet.p)
      .filter(([parameter]) => !(supportsShouldProcess && common.has(parameter)))
      .flatMap(([parameter, value]) => parameterSource(parameter, value, cmdlet, fixture)),
    '  }',
    '}',
  ]
}

/** Source: MicrosoftDocs/windows-powershell-docs, Hyper-V, by way of hyperv.md section 2. */
const highImpact = new Set(['Restore-VMSnapshot', 'Start-VMFailover', 'Complete-VMFailover', 'Update-VMVersion'])

export function cmdletsSource(fixture: ModuleFixture): string {
  return [
    '#nullable disable',
    'using System.Management.Automation;',
    'namespace Microsoft.HyperV.PowerShell.Commands {',
    '  public sealed class ModuleImport : IModuleAssemblyInitializer {',
    '    public void OnImport() => AzlVm.HyperV.Simulator.ModuleImport.Happen();',
    '  }',
    '}',
    ...Object.entries(fixture.cmdlets)
      .filter(([, cmdlet]) => cmdlet.m === 'Hyper-V')
      .flatMap(([name, cmdlet]) => cmdletSource(name, cmdlet, fixture)),
    '',
  ].join('\n')
}

/** *-VMCheckpoint are aliases of *-VMSnapshot. Source: Virtualization-Documentation user-guide/checkpoints. */
export function moduleManifest(fixture: ModuleFixture, assembly: string): string {
  const names = Object.keys(fixture.cmdlets).filter((name) => fixture.cmdlets[name]!.m === 'Hyper-V')
  return [
    '@{',
    `RootModule = '${assembly}'`,
    "ModuleVersion = '2.0.0.0'",
    "GUID = 'af4bddd0-8583-4ff2-84b2-a33f5c8de8a7'",
    `CmdletsToExport = @(${names.map((name) => `'${name}'`).join(', ')})`,
    'FunctionsToExport = @()',
    'AliasesToExport = @()',
    '}',
    '',
  ].join('\r\n')
}
