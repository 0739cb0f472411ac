/** The true engine binds our calls to the module's real parameters and types; what a script leans on is 5.1's. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForSimulator()

/** One process starts in a second or more, so each rule is a line of one script's output: `name=value`. */
function answers(stdout: string): Map<string, string> {
  const pairs = stdout.split('\n').flatMap((line) => (line.includes('=') ? [line.trim()] : []))
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

const probes = String.raw`
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
function Fault($name, $block) { try { $null = & $block; "$name=none" } catch { "$name=" + $_.FullyQualifiedErrorId } }
Fault 'unknown parameter' { Hyper-V\New-VM -Nope 1 }
Fault 'range' { Hyper-V\Set-VMComPort -VMName a -Number 3 }
Fault 'enum' { Hyper-V\Set-VMFirmware -VMName a -EnableSecureBoot Maybe }
Fault 'enum is no boolean' { Hyper-V\Set-VMFirmware -VMName a -EnableSecureBoot $false }
Fault 'set' { Hyper-V\New-VM -Name a -NoVHD -VHDPath b }
Fault 'not played' { Hyper-V\Get-VMReplication }
Fault 'other cmdlet' { Get-Process }
$vm = Hyper-V\New-VM -Name 'äöü b' -Generation 2
Fault 'misspelt property' { $vm.Nmae }
'name=' + $vm.Name
'cmdlets=' + @(Get-Command -Module Hyper-V).Length
foreach ($command in Get-Command -Module Hyper-V) { Fault ('metadata of ' + $command.Name) { $command.Parameters.Count } }
'guard=' + (Get-Command Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')
'edition=' + $PSVersionTable.PSEdition + ' ' + $PSVersionTable.PSVersion
'json enum=' + (ConvertTo-Json -InputObject @{ a = $vm.State } -Compress)
'json one=' + (ConvertTo-Json -InputObject @(1) -Compress)
'json piped=' + (@(1) | ConvertTo-Json -Compress)
'json depth=' + (ConvertTo-Json -InputObject @{ a = @{ b = @{ c = @{ d = 1 } } } } -Compress)
'json date=' + (ConvertTo-Json -InputObject ([DateTime]::new(2026, 1, 1, 0, 0, 0, [DateTimeKind]::Utc)) -Compress)
'json text=' + (ConvertTo-Json -InputObject 'ä<' -Compress)
'from json=' + (ConvertFrom-Json '{"a":{"b":[1,2]}}').a.b[1]
'rights=' + ([Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole([Security.Principal.SecurityIdentifier]'S-1-5-32-544')
'build=' + (Get-CimInstance Win32_OperatingSystem).BuildNumber
exit 7
`

describeWhere("the simulator's PowerShell", missing, () => {
  let simulator: HyperVSimulator
  let said: Map<string, string>
  let exitCode: number | undefined

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    const result = await simulator.run(probes)
    said = answers(result.stdout)
    exitCode = result.exitCode
    expect(result.stderr).toBe('')
  }, 900_000)
  afterAll(() => simulator.stop())

  test('binding faults are the engine’s own, with the cmdlet’s class as on Windows', () => {
    const commands = 'Microsoft.HyperV.PowerShell.Commands'
    expect(said.get('unknown parameter')).toBe(`NamedParameterNotFound,${commands}.NewVM`)
    expect(said.get('range')).toBe(`ParameterArgumentValidationError,${commands}.SetVMComPort`)
    expect(said.get('enum')).toBe(`CannotConvertArgumentNoMessage,${commands}.SetVMFirmware`)
    expect(said.get('enum is no boolean')).toBe(`CannotConvertArgumentNoMessage,${commands}.SetVMFirmware`)
    expect(said.get('set')).toBe(`AmbiguousParameterSet,${commands}.NewVM`)
    expect(said.get('cmdlets')).toBe('240')
    const metadata = [...said].filter(([name]) => name.startsWith('metadata of '))
    expect(metadata).toHaveLength(240)
    expect(metadata.filter(([, fault]) => fault !== 'none')).toEqual([])
  })

  test('a property that the class has not is a fault under strict mode', () => {
    expect(said.get('misspelt property')).toBe('PropertyNotFoundStrict')
    expect(said.get('name')).toBe('äöü b')
  })

  test('what is not played says so; a cmdlet that nobody put on the list is unknown', () => {
    expect(said.get('not played')).toBe('NotPlayed,Microsoft.HyperV.PowerShell.Commands.GetVMReplication')
    expect(said.get('other cmdlet')).toBe('CommandNotFoundException')
  })

  test('JSON is 5.1’s: numbers for enums, depth 2, one piped element is no array, raw characters', () => {
    expect(said.get('json enum')).toBe('{"a":3}')
    expect(said.get('json one')).toBe('[1]')
    expect(said.get('json piped')).toBe('1')
    expect(said.get('json depth')).toBe('{"a":{"b":{"c":"System.Collections.Hashtable"}}}')
    expect(said.get('json date')).toBe(String.raw`"\/Date(1767225600000)\/"`)
    expect(said.get('json text')).toBe(String.raw`"ä\u003c"`)
    expect(said.get('from json')).toBe('2')
  })

  test('it says that it is 5.1 on Windows, and which rights it has', () => {
    expect(said.get('edition')).toBe('Desktop 5.1.26100.1')
    expect(said.get('build')).toBe('26100')
    expect(said.get('rights')).toBe('True')
    expect(exitCode).toBe(7)
  })

  test('build 14393 lacks the parameters that came later, and there are rights to be without', async () => {
    await simulator.setKnobs({ build: 14393, rights: 'none-silent' })
    const result = await simulator.run(String.raw`
      function Fault($name, $block) { try { $null = & $block; "$name=none" } catch { "$name=" + $_.FullyQualifiedErrorId + '|' + $_.Exception.Message } }
      $ErrorActionPreference = 'Stop'
      'guard=' + (Get-Command Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')
      'list=' + @(Hyper-V\Get-VM).Length
      Fault 'change' { Hyper-V\New-VM -Name x }
      throw 'the end'
    `)
    const old = answers(result.stdout)
    expect(old.get('guard')).toBe('False')
    // One was made above: without rights the list is empty, and that is no error.
    expect(old.get('list')).toBe('0')
    expect(old.get('change')).toMatch(
      /^Unspecified,Microsoft\.HyperV\.PowerShell\.Commands\.NewVM\|You do not have the required permission/,
    )
    expect(result.exitCode).toBe(1)
    expect(result.stderr).toContain('the end')
    await simulator.setKnobs({})
  })
})
