/**
 * The worker, its protocol and all scripts where Hyper-V does not matter: on Windows under the real Windows PowerShell
 * 5.1, elsewhere under the simulator's engine, which only plays it.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLocal } from '../../../providers/hyperv/host-process.ts'
import { localLaunch } from '../../../providers/hyperv/launch.ts'
import { Worker } from '../../../providers/hyperv/worker.ts'
import { assetPath } from '../../../src/assets.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { describeWhere } from '../../support/describe-where.ts'

const isWindows = process.platform === 'win32'
const missing = isWindows ? undefined : await missingForSimulator()
const engine = isWindows ? 'Windows PowerShell 5.1' : 'the simulator’s engine'

describeWhere(`scripts under ${engine}`, missing, () => {
  let simulator: HyperVSimulator | undefined
  let env: NodeJS.ProcessEnv
  let folder: string
  let worker: Worker
  const ask = async (verb: string, args: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const { signal } = new AbortController()
    return (await worker.request({ verb, arguments: args, timeoutMs: 120_000, signal })).value
  }

  beforeAll(async () => {
    simulator = isWindows ? undefined : await startHyperVSimulator()
    env = simulator?.env ?? process.env
    folder = await mkdtemp(join(tmpdir(), 'azl-51-'))
    worker = new Worker(startLocal(localLaunch('worker', { env })))
  }, 900_000)
  afterAll(async () => {
    await worker.close()
    await rm(folder, { recursive: true, force: true })
    await simulator?.stop()
  })

  test('the worker says who it is, and what it cannot do', async () => {
    expect(await worker.hello).toMatchObject({ psEdition: 'Desktop', languageMode: 'FullLanguage' })
    await expect(ask('no-such-verb-ü', {})).rejects.toThrow('no-such-verb-ü')
  })

  test('paths of any characters, lists of one and of none, numbers and nothing go there and back as they are', async () => {
    const place = join(folder, "Maschinen für “Tests” & [mehr] $x 'y'")
    await mkdir(join(place, 'below'), { recursive: true })
    for (const name of ['ä.vhdx', '日本.txt']) await writeFile(join(place, name), '12345')
    expect(await ask('list-files', { folders: [place], pattern: String.raw`\.vhdx$` })).toEqual({
      files: [join(place, 'ä.vhdx')],
    })
    expect(await ask('list-files', { folders: [], pattern: '' })).toEqual({ files: [] })
    expect(await ask('list-files', { folders: [join(place, 'gone')], pattern: '' })).toEqual({ files: [] })
    expect(await ask('list-folders', { roots: [place], prefix: 'bel' })).toEqual({ folders: [join(place, 'below')] })
    expect(await ask('get-file-place', { path: join(place, 'ä.vhdx') })).toEqual({ why: '' })
    const whole = { folder: place, pattern: String.raw`^(?:ä\.vhdx|日本\.txt)$`, isWhole: true }
    expect(await ask('remove-files', whole)).toMatchObject({ held: [], others: [], isGone: true })
    expect(await ask('remove-file', { path: join(place, 'ä.vhdx') })).toBe(false)
  })

  /** Runs a script of the test's after parts of ours; its lines. */
  const runParts = async (parts: readonly string[], script: string, ...words: readonly string[]): Promise<string[]> => {
    const file = join(folder, 'parts.ps1')
    const head = [
      'Set-StrictMode -Version 2.0',
      "$ErrorActionPreference = 'Stop'",
      ...parts.map((part) => `. ([System.IO.Path]::Combine($args[0], '${part}.ps1'))`),
    ]
    await writeFile(file, [...head, script].join('\n'))
    const { command, args, env: variables } = localLaunch('worker', { env: { ...env, ProgramData: folder } })
    const given = [...args.slice(0, -1), file, assetPath('providers', 'hyperv', 'powershell'), ...words]
    const { stdout } = await execa(command, given, { env: variables, extendEnv: false })
    return stdout.split(/\r?\n/).filter((line) => line !== '')
  }

  test('a checkpoint’s disk gets its second name in a folder whose name is a pattern, and no other disk does', async () => {
    const name = 'disk0_01234567-89ab-4cde-8f01-23456789abcd'
    const place = join(folder, 'für [x] `y`')
    // What the pattern fits.
    const decoy = join(folder, 'für x `y`')
    for (const each of [place, decoy]) {
      await mkdir(each)
      await writeFile(join(each, `${name}.avhdx`), each)
    }
    const script = '$link = Get-DiskFile $args[1]; [System.IO.Path]::GetFileName($link); Remove-DiskLinks ($args[2])'
    const disk = join(place, `${name}.avhdx`)
    expect(await runParts(['disk-file'], script, disk, join(decoy, 'none'))).toEqual([`${name}.vhdx`])
    expect(await readFile(join(place, `${name}.vhdx`), 'utf8')).toBe(place)
    expect(await readdir(decoy)).toEqual([`${name}.avhdx`])
  })

  test('the list of who shares networks may be changed by Hyper-V Administrators, whoever made it', async () => {
    const script = `(Enter-NetworkLock).Dispose()
$folder = [System.IO.DirectoryInfo]::new([System.IO.Path]::GetDirectoryName((Get-LeasesPath '')))
$folder.GetAccessControl().GetSecurityDescriptorSddlForm([System.Security.AccessControl.AccessControlSections]::Access)`
    const [access = ''] = await runParts(['networks'], script)
    // Windows says some of them by letters, HA among them where it knows it.
    expect(access).toMatch(/^D:P/)
    expect(access).toMatch(/\(A;OICI;0x1301bf;;;(?:HA|S-1-5-32-578)\)/i)
    expect(access).toMatch(/\(A;OICI;FA;;;BA\)/)
    expect(access.match(/\(/g)).toHaveLength(3)
  })

  test('every script of ours is understood by this PowerShell’s own parser', async () => {
    const folders = [
      assetPath('providers', 'hyperv', 'powershell'),
      assetPath('test', 'hyperv-host'),
      assetPath('scripts', 'bench'),
    ]
    const files = (
      await Promise.all(
        folders.map(async (each) => (await readdir(each, { recursive: true })).map((name) => join(each, name))),
      )
    ).flat()
    const scripts = files.filter((name) => name.endsWith('.ps1'))
    expect(scripts.length).toBeGreaterThan(60)
    const wrong = join(folder, 'wrong.ps1')
    await writeFile(wrong, 'if (')
    const parser = join(folder, 'parser.ps1')
    await writeFile(
      parser,
      String.raw`foreach ($file in $args) {
    $tokens = $null
    $faults = $null
    $null = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$tokens, [ref]$faults)
    foreach ($fault in $faults) { $file + ': ' + $fault.ErrorId }
}`,
    )
    const { command, args, env: variables } = localLaunch('worker', { env })
    const words = [...args.slice(0, -1), parser, ...scripts, wrong]
    const { stdout } = await execa(command, words, { env: variables, extendEnv: false })
    const faults = stdout.split(/\r?\n/).filter((line) => line !== '')
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.filter((line) => !line.startsWith(wrong))).toEqual([])
  })
})
