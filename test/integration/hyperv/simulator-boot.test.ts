/** Start-VM boots what the cmdlets configured, in QEMU, and COM1 carries what the guest itself writes there. */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProbeReader } from 'boot-probe'
import { assetPath } from '../../../src/assets.ts'
import { ensureProbeIso } from '../../../src/media/probe-iso.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { repositoryRoot } from '../../support/run-cli.ts'
import { describeWhere } from '../../support/describe-where.ts'

const missing = await missingForSimulator()

/** As our reader does on Windows: absent and busy are waits, every 20 ms; resolves with all bytes when the pipe ends. */
async function listen(path: string, onBytes: (bytes: Buffer) => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    const heard = await new Promise<boolean>((resolve, reject) => {
      const socket = connect(path)
      socket.once('connect', () => {
        socket.on('data', onBytes)
        socket.once('close', () => resolve(true))
        signal.addEventListener('abort', () => socket.destroy())
      })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
        else reject(error)
      })
    })
    if (heard) return
    await setTimeout(20, undefined, { signal })
  }
}

const machine = String.raw`
param($folder, $iso, $pipe, $secure, $tpm)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$vm = Hyper-V\New-VM -Name $pipe -Generation 2 -NoVHD -MemoryStartupBytes 512MB -Path $folder
$disk = [IO.Path]::Combine($vm.Path, 'disk.vhdx')
$null = Hyper-V\New-VHD -Path $disk -SizeBytes 3GB -Dynamic -BlockSizeBytes 1MB
Hyper-V\Add-VMHardDiskDrive -VM $vm -Path $disk
$dvd = Hyper-V\Add-VMDvdDrive -VM $vm -Path $iso -Passthru
Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false -StaticMemory -ProcessorCount 2
Hyper-V\Set-VMNetworkAdapter -VM $vm -StaticMacAddress 00-15-5D-AB-35-24
Hyper-V\Connect-VMNetworkAdapter -VMName $vm.Name -SwitchName 'Default Switch'
Hyper-V\Set-VMComPort -VM $vm -Number 1 -Path "\\.\pipe\$pipe"
Hyper-V\Set-VMFirmware -VM $vm -EnableSecureBoot $secure -BootOrder $dvd
if ($tpm -eq 'tpm') { Hyper-V\Set-VMKeyProtector -VM $vm -NewLocalKeyProtector; Hyper-V\Enable-VMTPM -VM $vm }
Hyper-V\Start-VM -VM $vm
try { Hyper-V\Set-VMProcessor -VM $vm -Count 4; 'not refused' } catch { ($_.FullyQualifiedErrorId -split ',')[0] }
'id=' + $vm.Id
`

const checkpoints = String.raw`
param($folder)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$vm = Hyper-V\New-VM -Name held -Generation 2 -NoVHD -MemoryStartupBytes 64MB -Path $folder
$disk = [IO.Path]::Combine($vm.Path, 'disk.vhdx')
$null = Hyper-V\New-VHD -Path $disk -SizeBytes 64MB -Dynamic
Hyper-V\Add-VMHardDiskDrive -VM $vm -Path $disk
Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false -StaticMemory
function Say($when) {
  $drive = @(Hyper-V\Get-VMHardDiskDrive -VM $vm)[0].Path
  $layers = 0
  for ($at = $drive; $at -ne ''; $at = (Hyper-V\Get-VHD -Path $at).ParentPath) { $layers++ }
  $when + '=' + (Hyper-V\Get-VM -Name held).State + ' ' + $layers + ' of ' + [IO.Directory]::GetFiles($vm.Path, '*.*vhdx').Length
}
Hyper-V\Start-VM -VM $vm
Hyper-V\Checkpoint-VM -VM $vm -SnapshotName a
Hyper-V\Checkpoint-VM -VM $vm -SnapshotName b
Say 'held twice'
Hyper-V\Remove-VMSnapshot -VMName held -Name a
Say 'first removed'
Hyper-V\Remove-VMSnapshot -VMName held -Name b
Say 'second removed'
Hyper-V\Checkpoint-VM -VM $vm -SnapshotName c
Say 'held again'
Hyper-V\Save-VM -VM $vm
Say 'saved'
Hyper-V\Start-VM -VM $vm
Say 'started'
Hyper-V\Remove-VMSnapshot -VMName held -Name c
Say 'third removed'
Hyper-V\Checkpoint-VM -VM $vm -SnapshotName d
Say 'held at last'
Hyper-V\Stop-VM -VM $vm -TurnOff -Force
Say 'off'
`

/** They write to their variables all the time; of those, one of two to five kept QEMU for ever (7.2.22). */
const writers = String.raw`
param($folder, $commands)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$env:AZL_SIM_QEMU = $commands
foreach ($name in 1..4) {
  $vm = Hyper-V\New-VM -Name "writer $name" -Generation 2 -NoVHD -MemoryStartupBytes 64MB -Path $folder
  Hyper-V\Set-VM -VM $vm -AutomaticCheckpointsEnabled $false -StaticMemory
  Hyper-V\Start-VM -VM $vm
}
Hyper-V\Stop-VM -Name 'writer *' -TurnOff -Force
Hyper-V\Get-VM -Name 'writer *' | ForEach-Object { [string]$_.State }
`

describeWhere('machines of the simulator', missing, () => {
  let simulator: HyperVSimulator
  let iso: string

  beforeAll(async () => {
    simulator = await startHyperVSimulator()
    const binary = await readFile(assetPath('packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
    iso = (await ensureProbeIso(simulator.folder, { arch: 'x86_64', then: 'poweroff', binary })).path
  }, 900_000)
  afterAll(() => simulator.stop())

  test('the probe sees the machine that was configured, the firmware is silent, Secure Boot refuses the unsigned probe', async ({
    signal,
  }) => {
    const hear = (pipe: string) => {
      const heard = { text: '', ended: Promise.resolve() }
      heard.ended = listen(
        simulator.pipePath(`\\\\.\\pipe\\${pipe}`),
        (bytes) => (heard.text += bytes.toString('latin1')),
        signal,
      )
      return heard
    }
    const [secure, plain] = [`azl-sim-secure-${process.pid}`, `azl-sim-${process.pid}`]
    const refused = hear(secure)
    const seen = hear(plain)
    // Started first, the refused one has had as long as the other's whole boot.
    const first = await simulator.run(machine, simulator.folder, iso, secure, 'On', 'none')
    expect(first.stderr).toBe('')
    const second = await simulator.run(machine, simulator.folder, iso, plain, 'Off', 'tpm')
    expect(second.stderr).toBe('')
    expect(second.stdout).toContain('InvalidState')

    await seen.ended
    const reader = createProbeReader()
    reader.feed(seen.text)
    expect(reader.state).toBe('complete')
    expect(seen.text.trimStart()).toMatch(/^\{"azl":"probe","v":1,"seq":0/)
    expect(seen.text).toContain('"total":2,"enabled":2')
    expect(seen.text).toContain('"mac":"00:15:5d:ab:35:24","link":true')
    expect(seen.text).toContain('"sizeBytes":3221225472')
    expect(seen.text).toContain('"type":"tpm","tcg2":true,"present":true')

    // It is the same Hyper-V for every process: off is seen, the other goes on, and ends by force.
    // The pipe ends with QEMU, and then the machine.
    const states = await simulator.run(
      `while ((Hyper-V\\Get-VM -Name ${plain}).State -ne 'Off') { [Threading.Thread]::Sleep(20) }; Hyper-V\\Get-VM | ForEach-Object { $_.Name + '=' + $_.State }; Hyper-V\\Stop-VM -Name ${secure} -TurnOff -Force; 'then=' + (Hyper-V\\Get-VM -Name ${secure}).State`,
    )
    expect(states.stdout.split('\n')).toEqual([`${plain}=Off`, `${secure}=Running`, 'then=Off'])
    await refused.ended
    expect(refused.text).toBe('')
  })

  test('a machine is turned off while its firmware writes a variable', async () => {
    const commands = join(repositoryRoot, 'test', 'support', 'flash-writer-commands.mjs')
    const { stdout, stderr } = await simulator.run(writers, simulator.folder, commands)
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 4 }, () => 'Off'))
  })

  test('a running machine is held, saved and merged while it runs on: its disk is one file again', async () => {
    const { stdout, stderr } = await simulator.run(checkpoints, simulator.folder)
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual([
      'held twice=Running 3 of 3',
      'first removed=Running 2 of 2',
      'second removed=Running 1 of 1',
      'held again=Running 2 of 2',
      'saved=Saved 2 of 2',
      'started=Running 2 of 2',
      'third removed=Running 1 of 1',
      'held at last=Running 2 of 2',
      'off=Off 2 of 2',
    ])
  })
})
