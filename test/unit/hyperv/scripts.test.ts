import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { assetPath } from '../../../src/assets.ts'
import { scriptChecker } from '../../support/hyperv-script-check.ts'

let check: Awaited<ReturnType<typeof scriptChecker>>

beforeAll(async () => {
  check = await scriptChecker()
})

const folder = assetPath('providers', 'hyperv', 'powershell')

async function ourScripts(): Promise<readonly { file: string; text: string }[]> {
  return await scriptsIn('providers', 'hyperv', 'powershell')
}

async function scriptsIn(...parts: readonly string[]): Promise<readonly { file: string; text: string }[]> {
  const folder = assetPath(...parts)
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ps1')).sort()
  return await Promise.all(files.map(async (file) => ({ file, text: await readFile(join(folder, file), 'utf8') })))
}

describe('our scripts', () => {
  test('call only what Hyper-V’s module has, with the parameters that it takes, in PowerShell 5.1', async () => {
    const scripts = await ourScripts()
    expect(scripts.length).toBeGreaterThan(20)
    expect(check(scripts)).toEqual([])
  })

  test('so do those that ask a real host, and the one that the bench runs', async () => {
    const scripts = [...(await scriptsIn('test', 'hyperv-host')), ...(await scriptsIn('scripts', 'bench'))]
    expect(scripts.length).toBeGreaterThan(5)
    // They use what the worker's own scripts define.
    const own = new Set(scripts.map(({ file }) => file))
    expect(check([...scripts, ...(await ourScripts())]).filter((line) => own.has(line.split(':')[0] ?? ''))).toEqual([])
  })

  test('a verb is one file, with the one function that the worker looks for', async () => {
    for (const { file, text } of (await ourScripts()).filter((script) => script.file.startsWith('verbs'))) {
      const verb = /([^\\/]+)\.ps1$/.exec(file)?.[1]?.replaceAll('-', '')
      const functions = [...text.matchAll(/^function Invoke-(\w+)\(\$Arguments\)/gm)].map(([, name = '']) =>
        name.toLowerCase(),
      )
      expect(functions, file).toEqual([verb])
    }
  })

  test('what a verb’s file defines is used there alone: another verb may be asked for before it is read', async () => {
    const scripts = await ourScripts()
    const foreign = scripts
      .filter(({ file }) => file.startsWith('verbs'))
      .flatMap(({ file, text }) =>
        [...text.matchAll(/^function ([\w-]+)/gm)].flatMap(([, name = '']) =>
          scripts
            .filter(
              (other) => other.file !== file && new RegExp(String.raw`(?<![\w-])${name}(?![\w-])`).test(other.text),
            )
            .map((other) => `${name} of ${file} in ${other.file}`),
        ),
      )
    expect(foreign).toEqual([])
  })

  test('the worker reads the language mode before anything else', async () => {
    const text = await readFile(join(folder, 'worker.ps1'), 'utf8')
    const [first] = text.split('\n').filter((line) => !line.startsWith('#'))
    expect(first).toContain('$ExecutionContext.SessionState.LanguageMode')
  })
})

describe('the check finds', () => {
  const faults: readonly (readonly [what: string, text: string, fault: string])[] = [
    ['an unknown cmdlet', String.raw`Hyper-V\Get-Machines`, String.raw`no cmdlet Hyper-V\Get-Machines`],
    ['a command of another module', 'Write-Host -Object x', 'no cmdlet Write-Host'],
    ['a cmdlet without its module', 'Get-VM', String.raw`Get-VM must be written Hyper-V\Get-VM`],
    [
      'an unknown parameter, though documented',
      String.raw`Hyper-V\Set-VMFirmware -VM $vm -IPProtocolPreference IPv4`,
      'Set-VMFirmware has no parameter -IPProtocolPreference',
    ],
    ['a shortened parameter', String.raw`Hyper-V\Set-VM -VM $vm -Note x`, 'Set-VM has no parameter -Note'],
    [
      'parameters of two sets',
      String.raw`Hyper-V\New-VM -Name $n -NoVHD -VHDPath $p`,
      'New-VM: no parameter set has all of -Name -NoVHD -VHDPath',
    ],
    ['a missing mandatory one', String.raw`Hyper-V\Set-VMComPort -VM $vm -Path $p`, 'Set-VMComPort needs -Number'],
    [
      'a value out of its range',
      String.raw`Hyper-V\Set-VMComPort -VM $vm -Number 3`,
      'Set-VMComPort -Number must be from 1 to 2',
    ],
    [
      'a value that the enum has not',
      String.raw`Hyper-V\Set-VM -VM $vm -CheckpointType Never`,
      'Set-VM -CheckpointType takes Disabled, Production, ProductionOnly, Standard, not Never',
    ],
    [
      'a Boolean for an enum',
      String.raw`Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot $false`,
      'Set-VMFirmware -EnableSecureBoot takes On, Off, not $false',
    ],
    ['a parameter without its value', String.raw`Hyper-V\Set-VM -VM $vm -Notes`, 'Set-VM -Notes needs a value'],
    ['a value without its parameter', String.raw`Hyper-V\Get-VM $name`, "Get-VM: $name has no parameter's name"],
    [
      'a parameter that Windows Server 2016 has not, unguarded',
      String.raw`Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false`,
      String.raw`Set-VM -AutomaticCheckpointsEnabled is not on every Windows: it needs if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled'))`,
    ],
    [
      'the same in the branch where the guard says no',
      String.raw`if ((Get-Command -Name Hyper-V\Restart-VM).Parameters.ContainsKey('Type')) { 1 } else { Hyper-V\Restart-VM -VM $vm -Type Reset }`,
      String.raw`Restart-VM -Type is not on every Windows: it needs if ((Get-Command -Name Hyper-V\Restart-VM).Parameters.ContainsKey('Type'))`,
    ],
    ['a path that is a pattern', 'Get-Item -Path $p', 'Get-Item -Path is a pattern: it needs -LiteralPath'],
    ['the same without its parameter', 'Get-Item $p -Force', 'Get-Item -Path is a pattern: it needs -LiteralPath'],
    [
      'a link’s target that is a pattern',
      'New-Item -ItemType HardLink -Path $link -Value $p',
      'New-Item -Value is a pattern before PowerShell 7.6: it needs (Get-LinkTarget ...)',
    ],
    [
      'a name that is a pattern for others',
      String.raw`Hyper-V\Stop-VM -Name $name -TurnOff`,
      'Stop-VM -Name is a pattern: take the object by its id',
    ],
    ['a computed command', '& $name', 'a command whose name is computed'],
    ['$input', '$x = $Input', '$input makes the host read standard input'],
    ['a letter beyond ASCII', '# für', 'not ASCII: 5.1 reads it in the ANSI code page'],
    ['a ternary', '$x = $a ? 1 : 2', 'not PowerShell 5.1: '],
    ['??', '$x = $a ?? $b', 'not PowerShell 5.1: '],
    ['?.', '$x = ${a}?.b', 'not PowerShell 5.1: '],
    ['&&', String.raw`Hyper-V\Get-VM && Hyper-V\Get-VMHost`, 'not PowerShell 5.1: '],
    ['text that is no PowerShell', 'if (', 'not PowerShell 5.1: '],
  ]
  test.each(faults)('%s', (_, text, fault) => {
    const found = check([{ file: 'x.ps1', text: `$null = 1\n${text}\n` }])
    expect(found).toEqual(expect.arrayContaining([expect.stringContaining(`x.ps1:2: ${fault}`)]))
  })
})
