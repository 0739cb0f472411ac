/** `plan --emit ps1`, run whole as it is: its machine is the machine of `up`, and none of azl-vm's. */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProbeReader, type ProbeReport } from 'boot-probe'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assetPath } from '../../../src/assets.ts'
import { buildProbeIso } from '../../../src/media/probe-iso.ts'
import { commandsBelow, neutral, removalCommands } from '../../support/by-hand.ts'
import { buildTool, type BuiltTool } from '../../support/e2e-build.ts'
import { ToolProcess, type Ended } from '../../support/e2e-process.ts'
import { tellEnd } from '../../support/tool-world.ts'
import { missingForSimulator, startHyperVSimulator, type HyperVSimulator } from '../../support/hyperv-simulator.ts'
import { describeWhere } from '../../support/describe-where.ts'

const unavailable = await missingForSimulator()

/** Several commands, each of which starts PowerShell, and boots, on a busy machine; milliseconds. */
const timeout = 900_000

const rich = {
  cpus: 2,
  disks: [{ size: '64MiB' }, { size: '96MiB' }],
  firmware: { tpm: true },
  networks: [
    { mac: '00:15:5d:0a:0b:0c' },
    { mode: 'isolated', mac: '00:15:5d:0a:0b:0d' },
    { mode: 'host-only', mac: '00:15:5d:0a:0b:0e' },
  ],
}
const plain = { disks: [{ size: '64MiB' }], networks: [{ mac: '00:15:5d:0a:0b:0f' }] }
const secure = { disks: [], networks: [], firmware: { secureBoot: true, tpm: true }, nestedVirtualization: true }

/** All that Hyper-V knows of two machines, without their ids, names and places, a document for each. */
const settings = String.raw`
param($one, $other)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
function Get-Settings($vm) {
  'generation ' + $vm.Generation + ', checkpoints ' + $vm.CheckpointType + ', by itself ' + $vm.AutomaticCheckpointsEnabled
  'with its host ' + $vm.AutomaticStartAction + ', ' + $vm.AutomaticStopAction
  'memory ' + $vm.MemoryStartup + ', dynamic ' + $vm.DynamicMemoryEnabled
  'processors ' + $vm.ProcessorCount + ', nested ' + (Hyper-V\Get-VMProcessor -VM $vm).ExposeVirtualizationExtensions
  'COM1 ' + ($vm.ComPort1.Path -like '\\.\pipe\*') + ', COM2 ' + ($vm.ComPort2.Path -ne '')
  $firmware = Hyper-V\Get-VMFirmware -VM $vm
  'Secure Boot ' + $firmware.SecureBoot + ', ' + $firmware.SecureBootTemplate
  'TPM ' + (Hyper-V\Get-VMSecurity -VM $vm).TpmEnabled
  foreach ($source in @($firmware.BootOrder)) { 'boots ' + $source.BootType + ' ' + $source.Device.ControllerLocation }
  foreach ($drive in @($vm.HardDrives)) {
    $vhd = Hyper-V\Get-VHD -Path $drive.Path
    'disk ' + $drive.ControllerType + ' ' + $drive.ControllerNumber + ':' + $drive.ControllerLocation + ' ' + $vhd.VhdFormat + ' ' + $vhd.VhdType + ' ' + $vhd.Size + ' ' + $vhd.BlockSize
  }
  foreach ($drive in @($vm.DVDDrives)) { 'optical ' + $drive.ControllerNumber + ':' + $drive.ControllerLocation + ' ' + $drive.DvdMediaType }
  foreach ($card in @($vm.NetworkAdapters)) {
    $switch = Hyper-V\Get-VMSwitch -Id $card.SwitchId
    'card ' + $card.MacAddress + ' ' + $card.MacAddressSpoofing + ' ' + $switch.SwitchType + $(if ([string]$switch.SwitchType -ne 'Private') { ' ' + $switch.Name })
  }
}
foreach ($name in $one, $other) {
  foreach ($vm in @(Hyper-V\Get-VM | Where-Object { $_.Name -eq $name })) { Get-Settings $vm }
  '---'
}
`

/** Waits until Hyper-V says that the firmware of a machine refused what it was to boot, for its signature. */
const refusal = String.raw`
param($name)
$id = @(Hyper-V\Get-VM | Where-Object { $_.Name -eq $name })[0].Id.ToString()
$until = [datetime]::UtcNow.AddSeconds(120)
do {
  $events = @(Get-WinEvent -FilterHashtable @{ LogName = 'Microsoft-Windows-Hyper-V-Worker-Admin'; Id = 18604 } -ErrorAction SilentlyContinue | Where-Object { @($_.Properties | ForEach-Object { [string]$_.Value }) -contains $id })
} while ($events.Length -eq 0 -and [datetime]::UtcNow -lt $until)
'refused ' + $events.Length
`

/** As the simulator keeps it. */
interface HostNetwork {
  readonly nats: readonly { readonly name: string; readonly prefix: string }[]
  readonly addresses: readonly { readonly address: string; readonly interfaceAlias: string }[]
}

const serialPort =
  '# What the machine says on its serial port (all of it, where this waits in another window before the start):'

/** Pipes are the whole computer's, where other tests may have theirs. */
const nameOf = (name: string): string => `${name}-${String(process.pid)}`

describeWhere('plan --emit ps1', unavailable, () => {
  let simulator: HyperVSimulator
  let tool: BuiltTool
  let home: string
  /** Where machines lie: Hyper-V's own folder, and one of the user's. */
  let places: readonly [string, string]
  const processes: ToolProcess[] = []
  beforeAll(async () => {
    tool = await buildTool()
    simulator = await startHyperVSimulator()
    home = await mkdtemp(join(tmpdir(), 'azl-by-hand-'))
    places = [
      join(simulator.env['AZL_SIM_STATE'] ?? '', 'hyper-v'),
      join(simulator.folder, "Maschinen für O'Groß [2] & $(exit 3) $x `y` “z”"),
    ]
    for (const place of places) await mkdir(place, { recursive: true })
  }, timeout)
  afterAll(async () => {
    for (const each of processes) if (!each.isEnded) each.kill('SIGKILL')
    await Promise.all(processes.map((each) => each.ended))
    await simulator.stop()
    await tool.remove()
    await rm(home, { recursive: true })
  })

  const run = async (...argv: readonly string[]): Promise<Ended> => {
    const env = { ...simulator.env, HOME: home, AZL_VM_HOME: home }
    const started = new ToolProcess({ command: [process.execPath, tool.cli, ...argv], cwd: home, env })
    processes.push(started)
    started.endInput()
    return await started.ended
  }
  const json = async <T>(...argv: readonly string[]): Promise<T> => {
    const end = await run(...argv, '--output', 'json')
    expect(end.exitCode, tellEnd(end)).toBe(0)
    return JSON.parse(end.stdout) as T
  }
  const writeSpec = async (name: string, machine: object, more: object = {}): Promise<string> => {
    const file = join(home, `${name}.yaml`)
    const source = { probe: { then: 'poweroff' } }
    const spec = { version: 1, name, provider: 'hyperv', source, machine: { memory: '256MiB', ...machine }, ...more }
    // JSON is YAML too.
    await writeFile(file, JSON.stringify(spec))
    return file
  }
  /** As the tool writes it. */
  const emit = async (spec: string, ...options: readonly string[]): Promise<string> => {
    const file = `${spec}.ps1`
    await json('plan', spec, '--emit', 'ps1', '--out', file, ...options)
    return await readFile(file, 'utf8')
  }
  const powershell = async (script: string, ...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await simulator.run(script, ...words)
    expect([exitCode, stderr], stdout).toEqual([0, ''])
    return stdout
  }
  /** What the port says from the start to the end, heard as the script tells its reader to. */
  const hear = async (script: string): Promise<ProbeReport> => {
    const reader = createProbeReader()
    reader.feed(`${await powershell(commandsBelow(script, serialPort))}\n`)
    return reader.report ?? expect.fail(`no whole report, but ${reader.state}`)
  }
  const sameSettings = async (one: string, other: string): Promise<void> => {
    const [first, second] = (await powershell(settings, one, other)).split(/---\n?/)
    expect(first).toContain('generation 2')
    expect(first).toBe(second)
  }
  const state = async <T>(file: string, none: T): Promise<T> => {
    const path = join(simulator.env['AZL_SIM_STATE'] ?? '', file)
    return JSON.parse(await readFile(path, 'utf8').catch(() => JSON.stringify(none))) as T
  }
  /** Machines, switches, what the host's own network has of them, and the files where machines lie. */
  const inventory = async (): Promise<readonly string[]> => {
    const machines = await readdir(join(simulator.env['AZL_SIM_STATE'] ?? '', 'vms')).catch(() => [])
    const switches = await state<readonly { name: string }[]>('switches.json', [])
    const { nats, addresses } = await state<HostNetwork>('network.json', { nats: [], addresses: [] })
    const files = await Promise.all(places.map((place) => readdir(place, { recursive: true })))
    return [
      ...machines.map((file) => `machine ${file}`),
      ...switches.map(({ name }) => `switch ${name}`),
      ...nats.map(({ name, prefix }) => `nat ${name} ${prefix}`),
      ...addresses.map(({ address, interfaceAlias }) => `address ${address} ${interfaceAlias}`),
      ...files.flat(),
    ].toSorted()
  }
  /** Of every file of Hyper-V and its machines. */
  const digests = async (): Promise<object> => {
    const files = await Promise.all(
      [simulator.env['AZL_SIM_STATE'] ?? '', places[1]].map(async (folder) =>
        (await readdir(folder, { recursive: true }))
          // The simulator's own: who looked last.
          .filter((name) => name !== 'lock.holder')
          .map((name) => join(folder, name)),
      ),
    )
    const digest = async (file: string): Promise<readonly [string, string]> => {
      if (!(await stat(file)).isFile()) return [file, '']
      return [
        file,
        createHash('sha256')
          .update(await readFile(file))
          .digest('hex'),
      ]
    }
    return Object.fromEntries(await Promise.all(files.flat().toSorted().map(digest)))
  }

  test(
    'the guest sees the machine that up makes, whatever the folder is called, and azl-vm never touches it',
    {
      timeout,
    },
    async () => {
      const before = await inventory()
      const binary = await readFile(assetPath('packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
      const iso = join(home, `it's "an" ISO $(exit 3) ’ ü.iso`)
      await writeFile(iso, buildProbeIso({ arch: 'x86_64', then: 'poweroff', binary }))
      const name = nameOf('by-hand')
      const spec = await writeSpec(name, rich, { source: { iso }, storage: { path: places[1] } })
      const script = await emit(spec)
      const heard = hear(script)
      expect(await powershell(script)).toMatch(
        /^WARNING: This computer gets the switch azl-vm-host-only for 192\.168\.220/,
      )
      const { probe } = await json<{ probe: ProbeReport }>('up', await writeSpec('by-up', rich))
      expect(neutral(await heard)).toEqual(neutral(probe))
      await sameSettings(name, 'by-up')

      // The machine by hand is the last that the shared switch has.
      await json('destroy', 'by-up')
      const made = await digests()
      expect((await run('ls', '--foreign')).stdout).toMatch(/^no machines/)
      expect(await json('gc', '--yes')).toMatchObject({ items: [], removed: [] })
      expect(await run('destroy', name)).toMatchObject({ exitCode: 2 })
      const taken = await run('up', spec)
      expect(taken.exitCode, tellEnd(taken)).toBe(4)
      expect(taken.stderr).toMatch(/there is already a machine .*was not made by azl-vm/)
      const again = await simulator.run(script)
      expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`machine ${name} already`) as string })
      expect(await digests()).toEqual(made)

      await powershell(removalCommands(script))
      expect(await inventory()).toEqual(before)
    },
  )

  test('with Secure Boot the firmware refuses the unsigned probe, as it does after up', { timeout }, async () => {
    const before = await inventory()
    const name = nameOf('refused')
    const script = await emit(await writeSpec(name, secure))
    const [up] = await Promise.all([run('up', await writeSpec('refused-up', secure)), powershell(script)])
    expect(up.exitCode, tellEnd(up)).toBe(5)
    expect(await powershell(refusal, name)).toBe('refused 1')
    await sameSettings(name, 'refused-up')
    await powershell(removalCommands(script))
    await json('destroy', 'refused-up')
    expect(await inventory()).toEqual(before)
  })

  test(
    'where nat needs a network of the host’s, the script makes it only with -AllowHostNetwork',
    { timeout },
    async () => {
      const routes = ['0.0.0.0/0', '192.168.220.0/23', '192.168.222.64/26']
      const hns = [{ name: 'nat', type: 'NAT', prefix: '192.168.223.0/24' }]
      await simulator.setKnobs({ server: true, routes, hns })
      const before = await inventory()
      const name = nameOf('served')
      const script = await emit(await writeSpec(name, plain), '--allow-host-network')
      const refused = await simulator.run(script)
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('-AllowHostNetwork') as string })
      expect(await inventory()).toEqual(before)
      // Windows takes no second NAT network: what was made for it so far goes again.
      await powershell(String.raw`NetNat\New-NetNat -Name theirs -InternalIPInterfaceAddressPrefix 192.168.224.0/24`)
      const second = await simulator.run(script, '-AllowHostNetwork')
      expect(second).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('for 192.168.225.0/24') as string })
      await powershell(String.raw`NetNat\Remove-NetNat -Name theirs -Confirm:$false`)
      expect(await inventory()).toEqual(before)

      const heard = hear(script)
      expect(await powershell(script, '-AllowHostNetwork')).toMatch(
        /^WARNING: .* azl-vm-nat with NAT for 192\.168\.224/,
      )
      expect(await inventory()).toEqual(
        expect.arrayContaining(['nat azl-vm-nat 192.168.224.0/24', 'address 192.168.224.1 vEthernet (azl-vm-nat)']),
      )
      // It is up's own network: it needs nobody's leave any more, and stays with its last machine.
      const { probe } = await json<{ probe: ProbeReport }>('up', await writeSpec('served-up', plain))
      expect(neutral(await heard)).toEqual(neutral(probe))
      await sameSettings(name, 'served-up')
      const removal = removalCommands(script)
      await powershell(removal)
      expect(await inventory()).toContain('switch azl-vm-nat')
      await json('destroy', 'served-up')
      expect(await inventory()).toEqual(before)
    },
  )
})
