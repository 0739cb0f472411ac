/** Our worker and its verbs, in the true PowerShell engine, against the simulated module. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { translateError } from '../../../providers/hyperv/errors.ts'
import { startLocal } from '../../../providers/hyperv/host-process.ts'
import { localLaunch } from '../../../providers/hyperv/launch.ts'
import { Worker } from '../../../providers/hyperv/worker.ts'
import { assetPath } from '../../../src/assets.ts'
import { until } from '../../support/e2e-process.ts'
import { exists } from '../../support/tool-world.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()

describeWhere('the worker in the engine', unavailable, () => {
  let simulator: HyperVSimulator
  let worker: Worker
  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    worker = new Worker(startLocal(localLaunch('worker', simulator)))
  })
  afterAll(async () => {
    await worker.close()
    await simulator.stop()
  })

  const ask = async (verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> => {
    const signal = new AbortController().signal
    return (await worker.request({ verb, arguments: args, timeoutMs: 120_000, signal })).value
  }

  /** The places on the SCSI controller of the drives that the firmware tries. */
  const bootOrderOf = async (id: string): Promise<readonly unknown[]> => {
    const file = join(simulator.env['AZL_SIM_STATE'] ?? '', 'vms', `${id}.json`)
    const kept = JSON.parse(await readFile(file, 'utf8')) as {
      readonly bootOrder: readonly string[]
      readonly drives: readonly { readonly id: string; readonly location: number }[]
    }
    return kept.bootOrder.map((source) => kept.drives.find(({ id: drive }) => drive === source)?.location)
  }

  test('its first answer tells the engine and the rights', async () => {
    expect(await worker.hello).toMatchObject({
      psVersion: expect.stringMatching(/^5\.1\./) as string,
      build: 26100,
      rights: { administrator: true },
      separator: '/',
    })
  })

  test('the module is imported after the first line, before anything is asked', async () => {
    await simulator.setKnobs({ importProgress: true })
    const host = startLocal(localLaunch('worker', simulator))
    const other = new Worker(host)
    try {
      let said = ''
      // What the import itself writes.
      const imported = new Promise<void>((resolve) => {
        host.stderr.on('data', (text: string) => {
          said += text
          if (said.includes('Preparing modules for first use')) resolve()
        })
      })
      await other.hello
      await imported
    } finally {
      await other.close()
      await simulator.setKnobs({})
    }
  }, 90_000)

  test('a machine that another command removes while it is read is not there; that is no failure', async () => {
    const script = String.raw`$ErrorActionPreference = 'Stop'
foreach ($part in 'machine', 'checkpoint', 'disk-file', 'verbs/get-vm', 'verbs/list-checkpoints', 'verbs/list-disk-chains') {
    . ([System.IO.Path]::Combine($args[0], $part + '.ps1'))
}
$find = (Get-Command -Name Find-Machine -CommandType Function).ScriptBlock
function Find-Machine([guid]$Id) {
    $vm = & $find $Id
    if ($null -ne $vm) { Hyper-V\Remove-VM -VM $vm -Force }
    return $vm
}
function New-Id { return (Hyper-V\New-VM -Name raced -MemoryStartupBytes 67108864 -Generation 2 -NoVHD).Id }
$null -eq (Invoke-GetVm @{ id = New-Id }).machine
@((Invoke-ListDiskChains @{ ids = @(New-Id) }).machines).Length
try { $null = Invoke-ListCheckpoints @{ id = New-Id } } catch { $_.FullyQualifiedErrorId }`
    const { stdout, stderr } = await simulator.run(script, assetPath('providers', 'hyperv', 'powershell'))
    expect(stdout.trim().split(/\r?\n/), stderr).toEqual(['True', '0', 'AzlVmMachineNotFound'])
  })

  test('a recorder’s log keeps its last two files, and is read on from where they begin', async () => {
    const script = String.raw`param($scripts, $root)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
foreach ($part in 'recorder-folder', 'recorder-log', 'verbs/read-recorded') {
    . ([System.IO.Path]::Combine($scripts, $part + '.ps1'))
}
function Get-OwnFolder([string]$Name) { return [System.IO.Path]::Combine($root, $Name) }
$id = '0e9e7c44-1111-4222-8333-444455556666'
$ascii = [System.Text.Encoding]::ASCII
$folder = (Get-RecorderFolder $id).Folder
$null = [System.IO.Directory]::CreateDirectory($folder)
foreach ($words in @('0123456', '789abc', 'defg', 'hijklmnop', 'q'), @('rst', 'uvwxyz.')) {
    $log = Open-RecorderLog $folder 10
    foreach ($word in $words) { Add-ToLog $log ($ascii.GetBytes($word)) }
    'length ' + (Get-LogLength $log)
    $log.Stream.Dispose()
}
for ($offset = 0; ; $offset = $piece.at + $text.Length) {
    $piece = Invoke-ReadRecorded @{ id = $id; file = 'serial'; offset = $offset; mostBytes = 5 }
    $text = $ascii.GetString([System.Convert]::FromBase64String($piece.bytes))
    if ($text -eq '') { break }
    [string]$piece.at + ' ' + $text
}
[System.IO.Directory]::GetFiles($folder).Length`
    const { stdout, stderr } = await simulator.run(
      script,
      assetPath('providers', 'hyperv', 'powershell'),
      simulator.folder,
    )
    expect(stdout.trim().split(/\r?\n/), stderr).toEqual([
      'length 27',
      'length 37',
      '13 defgh',
      '18 ijklm',
      '23 nop',
      '26 qrstu',
      '31 vwxyz',
      '36 .',
      '2',
    ])
  })

  test('a machine is made, read as it was set, and removed, by its id', async () => {
    const path = join(simulator.folder, 'Maschinen für “Tests”')
    await mkdir(path)
    const claim = {
      runName: 'azl-vm-run',
      name: 'azl4[1]',
      path,
      memoryBytes: 268435456,
      idPlace: 'ID',
      waitMs: 60_000,
    }
    const { id } = (await ask('claim-vm', { ...claim, notes: 'mark of ID' })) as { id: string }
    const found = (await ask('get-vm', { id })) as { machine: { path: string; notes: string } }
    expect(found.machine).toMatchObject({ path: join(path, 'azl-vm-run'), notes: `mark of ${id}` })
    // A name that is a pattern for others is not taken by what fits it, and a name is taken in either case.
    const other = { ...claim, runName: 'azl-vm-other', notes: 'other' }
    expect(await ask('claim-vm', { ...other, name: 'AZL4[1]' })).toEqual({ id: null, takenBy: 'azl4[1]' })
    const com1 = `\\\\.\\pipe\\azl-vm-${id}`
    await ask('set-notes', { id, notes: 'für den Admin\r\nzweite Zeile' })
    const firmware = { template: 'MicrosoftUEFICertificateAuthority', tpm: true }
    await ask('set-vm', { id, memoryBytes: 536870912, processors: 2, nested: true, com1, ...firmware })
    const disk = join(found.machine.path, 'disk0.vhdx')
    // Twice, as after a kill between act and record.
    for (const _ of [1, 2]) await ask('add-disk', { id, path: disk, sizeBytes: 67108864, location: 0 })
    const { id: switchId } = (await ask('new-private-switch', { name: 'azl-vm-run-0', notes: '' })) as { id: string }
    const adapter = { mac: '00155D010203', switchId, spoofing: true, vlan: 0 }
    await ask('set-network-adapters', { id, adapters: [adapter] })
    for (const _ of [1, 2]) await ask('add-optical-drives', { id, locations: [16, 17], booted: 16 })
    expect(await bootOrderOf(id)).toEqual([0, 16])
    expect(await ask('get-vm', { id })).toMatchObject({
      machine: {
        id,
        name: 'azl4[1]',
        state: 'Off',
        notes: 'für den Admin\r\nzweite Zeile',
        processors: 2,
        memoryBytes: 536870912,
        isMemoryDynamic: false,
        com1,
        disks: [{ path: disk, number: 0, location: 0 }],
        optical: [
          { path: '', number: 0, location: 16 },
          { path: '', number: 0, location: 17 },
        ],
        networks: [{ mac: '00155D010203', isDynamic: false, switchId }],
        isNested: true,
        isTpmOn: true,
        secureBoot: 'On',
        secureBootTemplate: 'MicrosoftUEFICertificateAuthority',
      },
    })
    expect(await ask('get-vhd', { path: disk })).toMatchObject({ disk: { sizeBytes: 67108864, parent: '' } })
    expect(await ask('list-vms')).toMatchObject({ machines: [{ id, name: 'azl4[1]' }] })
    await ask('set-network-adapters', { id, adapters: [] })
    expect(await ask('get-vm', { id })).toMatchObject({ machine: { networks: [] } })
    expect(await ask('remove-switch', { name: 'azl-vm-run-*' })).toBe(false)
    expect(await ask('remove-switch', { name: 'azl-vm-run-0' })).toBe(true)
    expect(await ask('remove-vm', { id })).toBe(true)
    expect(await ask('remove-vm', { id })).toBe(false)
    expect(await ask('get-vm', { id })).toEqual({ machine: null })
    expect(await ask('get-vhd', { path: join(path, 'none.vhdx') })).toEqual({ disk: null })
  })

  test('a claim that another process holds and does not end is resource-busy, and makes nothing', async () => {
    const release = join(simulator.folder, 'release')
    const holding = simulator.run(
      String.raw`
$mutex = [System.Threading.Mutex]::new($false, 'Global\azl-vm-claim')
$null = $mutex.WaitOne()
[System.IO.File]::WriteAllText($args[0] + '.held', '')
while (-not [System.IO.File]::Exists($args[0])) { [System.Threading.Thread]::Sleep(10) }
$mutex.ReleaseMutex()`,
      release,
    )
    await until('the other process holds the claim', () => exists(`${release}.held`))
    const claim = {
      runName: 'azl-vm-late',
      name: 'late',
      path: simulator.folder,
      memoryBytes: 268435456,
      idPlace: 'ID',
    }
    const asked = ask('claim-vm', { ...claim, notes: 'ID', waitMs: 300 })
    try {
      await expect(asked).rejects.toMatchObject({ failure: { errorId: 'AzlVmClaimBusy', category: 'ResourceBusy' } })
      expect(translateError(await asked.catch((error: unknown) => error), 'make late')).toMatchObject({
        code: 'resource-busy',
        message: expect.stringContaining('another process of azl-vm on this host has been making a machine') as string,
      })
    } finally {
      await writeFile(release, '')
      await holding
    }
    expect(await ask('list-vms')).toMatchObject({ machines: [] })
    expect(await ask('claim-vm', { ...claim, notes: 'ID', waitMs: 60_000 })).toMatchObject({ takenBy: '' })
  })

  test('the host tells its switches and templates; one switch and one template are lists too', async () => {
    expect(await ask('get-host')).toMatchObject({
      hypervisorPresent: true,
      secureBootTemplates: expect.arrayContaining(['MicrosoftUEFICertificateAuthority']) as string[],
    })
    const { switches } = (await ask('list-switches')) as { switches: unknown }
    expect(switches).toContainEqual(
      expect.objectContaining({ id: 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444', type: 'Internal' }),
    )
  })

  test('a machine that is not there is an error of ours, with its own id', async () => {
    await expect(ask('start-vm', { id: '00000000-0000-4000-8000-000000000001' })).rejects.toMatchObject({
      failure: { errorId: 'AzlVmMachineNotFound', category: 'ObjectNotFound' },
    })
  })

  test('in ConstrainedLanguage it says so, instead of failing at its first .NET call', async () => {
    await simulator.setKnobs({ languageMode: 'ConstrainedLanguage' })
    const restricted = new Worker(startLocal(localLaunch('worker', simulator)))
    try {
      await expect(restricted.hello).rejects.toMatchObject({
        code: 'host-not-ready',
        message: 'PowerShell runs scripts in ConstrainedLanguage here, and Hyper-V is driven by one',
      })
    } finally {
      await restricted.close()
      await simulator.setKnobs({})
    }
  })
})
