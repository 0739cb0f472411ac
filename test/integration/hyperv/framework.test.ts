/** What our scripts use of .NET is there under Windows PowerShell 5.1 too: held against .NET Framework 4.7.2's metadata. */
import { beforeAll, expect, test } from 'vitest'
import { makePlan as makeVirtualBoxPlan } from '../../../providers/virtualbox/plan.ts'
import { assetPath } from '../../../src/assets.ts'
import { scriptText } from '../../../src/commands/emit-script.ts'
import { emittedScripts } from '../../support/hyperv-plans.ts'
import { checkAgainstFramework, missingForSimulator } from '../../support/hyperv-simulator.ts'
import { temporaryFolder } from '../../support/run-cli.ts'
import { describeWhere } from '../../support/describe-where.ts'
import { factsOfVirtualBox } from '../../support/virtualbox-plans.ts'
import { vmwarePlan } from '../../support/vmware-plans.ts'
import { kvmRequest } from '../../unit/kvm/kvm-request.ts'

const missing = await missingForSimulator()

/** The engine that checks is .NET 10's: each of the first kind runs there, and fails on Windows. */
const faults: readonly (readonly [line: string, fault: string | undefined])[] = [
  [`'a, b'.Split(', ')`, 'String.Split(String) binds in .NET Framework 4.7.2 only by a conversion'],
  [`'a, b'.Split(',')`, undefined],
  [`'a'.Contains('a', [System.StringComparison]::Ordinal)`, 'no String.Contains(String, StringComparison) in'],
  [`'a'.Contains('a')`, undefined],
  [`[System.IO.Path]::Join('a', 'b')`, 'no Path::Join(String, String) in'],
  [`[System.IO.Path]::Combine('a', 'b', 'c', 'd', 'e')`, undefined],
  [`[System.IO.File]::Move('a', 'b', $true)`, 'no File::Move(String, String, Boolean) in'],
  [`[System.IO.MemoryStream]::new().Write([byte[]]@(1))`, 'no MemoryStream.Write(Byte[]) in'],
  [`[System.IO.MemoryStream]::new().Write([byte[]]@(1), 0, 1)`, undefined],
  [`[long]::TryParse('1', [ref]$number)`, undefined],
  [`[System.Environment]::ProcessId`, 'no Environment.ProcessId in'],
  [`[System.Environment]::MachineName`, undefined],
  [`[System.Text.Json.JsonDocument]::Parse('{}')`, '[System.Text.Json.JsonDocument] is not in'],
  [`[System.Net.Http.HttpClient]::new()`, '[System.Net.Http.HttpClient] is not in'],
  [`[System.Nonsense]::Call()`, 'no type [System.Nonsense]'],
  [`$unknown.Close()`, '$unknown.Close(): of what type?'],
  [`$unknown.ToString()`, undefined],
  [`$unknown.Count`, '$unknown.Count: surely an array?'],
  [`$unknown.Length`, '$unknown.Length: surely an array?'],
  [`@($unknown).Length`, undefined],
  [`$unknown[0]`, '$unknown[0]: surely an array?'],
  [`@($unknown)[0]`, undefined],
  [`$unknown['key']`, undefined],
  [`(Hyper-V\\Get-VM).Count`, '(Hyper-V\\Get-VM).Count: surely an array?'],
  [`@(Hyper-V\\Get-VM).Count`, undefined],
  [`& {`, 'Missing closing'],
]

describeWhere('.NET Framework 4.7.2', missing, () => {
  let found: readonly string[]

  beforeAll(async () => {
    // Builds the check too, where nobody has yet.
    found = await checkAgainstFramework(assetPath('providers', 'hyperv', 'powershell'))
  }, 900_000)

  test('has every type, member and overload that our scripts use', () => {
    expect(found).toEqual([])
  })

  test('so it has what people run by hand: the scripts of plan --emit, those that ask a real host, the bench’s', async () => {
    const windows = { platform: 'win32' } as const
    const virtualBox = factsOfVirtualBox({ ...windows, machineFolder: 'C:\\für O’Groß' })
    const request = kvmRequest({ machine: { disks: [{}], networks: [{ mode: 'isolated' }] } })
    const others = [
      vmwarePlan({}, { ...windows, root: 'C:\\für O’Groß' }),
      { host: 'local', facts: virtualBox, request, plan: makeVirtualBoxPlan(request, virtualBox) },
    ].map((each) => ['by hand', scriptText(each, { file: 'azl4.yaml' })] as const)
    const emitted = [...emittedScripts(), ...others].map(
      ([, script], index) => [`emitted-${String(index)}.ps1`, script] as const,
    )
    const folders = [
      await temporaryFolder(Object.fromEntries(emitted)),
      assetPath('test', 'hyperv-host'),
      assetPath('scripts', 'bench'),
    ]
    expect((await Promise.all(folders.map(checkAgainstFramework))).flat()).toEqual([])
  })

  test('the check finds what is not there, and nothing else', async () => {
    const files = faults.map(([line], index) => [`${name(index)}.ps1`, `${line}\n`] as const)
    const told = await checkAgainstFramework(await temporaryFolder(Object.fromEntries(files)))
    const seen = faults.map(([line], index) => [
      line,
      told
        .filter((each) => each.startsWith(`${name(index)}.ps1:1: `))
        .map((each) => each.slice(name(index).length + 8)),
    ])
    expect(seen).toEqual(
      faults.map(([line, fault]) => [line, fault === undefined ? [] : [expect.stringContaining(fault)]]),
    )
  })
})

function name(index: number): string {
  return `case-${String(index).padStart(2, '0')}`
}
