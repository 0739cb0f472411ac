/**
 * The cmdlets that make a machine, as PowerShell text: what `plan` shows, and what `plan --emit ps1` writes to be read
 * and run by hand, under 5.1 and 7. The verbs in powershell/ do the same from data.
 */
import type { MachineRequest } from '../../src/provider/machine.ts'
import type { DiskParameters } from '../../src/provider/operations.ts'
import type { Operation, Plan } from '../../src/provider/plan.ts'
import { literal } from '../../src/provider/powershell-literal.ts'
import { diskFile, opticalLocations, pathsOf } from './names.ts'
import type { AdapterRule, SwitchRule } from './network-cards.ts'
import { defaultSwitchId } from './network-facts.ts'
import {
  parametersOf,
  type HyperVParameters,
  type MachineParameters,
  type MediumParameters,
  type SettingsParameters,
} from './parameters.ts'
import { call, code, given, valueText, type Value } from './powershell-text.ts'
import type { Hello } from './protocol.ts'
import {
  allowHostNetwork,
  ensureNetworks,
  freeAddresses,
  plannedCommands,
  removeUnused,
} from './shared-network-script.ts'
import { sharedNetworks, sharedSwitchName, type SharedNetwork } from './shared-networks.ts'

/** Hold the machine, and the installer's drive, from their making to the script's end. */
const vm = code('$vm')
const installer = code('$installer')

/** What is made by hand, and its names: none that azl-vm takes for its own. */
interface ByHand extends Words {
  readonly name: string
  /** All files of the machine. */
  readonly folder: string
  readonly pipe: string
  /** The machine's own switches. */
  readonly switches: readonly string[]
  readonly shared: readonly SharedNetwork[]
  parameters(planned: HyperVParameters): HyperVParameters
}

/** What stands in the cmdlets for names of the machine's own. */
interface Words {
  readonly pipePath: Value
  path(planned: string): Value
}

/** In the plan; the pipe is named after Hyper-V's own id. */
const asPlanned: Words = {
  pipePath: code(String.raw`"\\.\pipe\azl-vm-$($vm.Id)"`),
  path: (planned) => planned,
}

function namesByHand({ ref, spec }: MachineRequest, operations: readonly Operation[], where: Where): ByHand {
  const prefix = `by-hand-${ref.name}`
  const paths = pathsOf(where)
  const folder = paths.join(where.root, prefix)
  // In the order of the network cards, as the planned ones.
  const switches = spec.machine.networks.flatMap(({ mode }, index) =>
    mode === 'isolated' ? [`${prefix}-${String(index)}`] : [],
  )
  const joined = operations.map(parametersOf).flatMap((each) => (each.kind === 'shared-network' ? [each.network] : []))
  const own = (planned: string): string => `${prefix}-${planned.at(-1) ?? ''}`
  return {
    name: ref.name,
    folder,
    pipe: prefix,
    pipePath: `\\\\.\\pipe\\${prefix}`,
    switches,
    shared: sharedNetworks.filter((network) => joined.includes(network)),
    // The folder is written once: its name may be hard to read.
    path: (file) => {
      if (file === folder) return code('$folder')
      return paths.dirname(file) === folder ? code(`"$folder${paths.sep}${paths.basename(file)}"`) : file
    },
    parameters: (planned) => {
      switch (planned.kind) {
        case 'machine':
          return { ...planned, root: folder, runName: ref.name }
        case 'switch':
          return { ...planned, name: own(planned.name) }
        case 'adapters':
          return {
            ...planned,
            adapters: planned.adapters.map((adapter) => ({
              ...adapter,
              on: adapter.on.is === 'private' ? { ...adapter.on, name: own(adapter.on.name) } : adapter.on,
            })),
          }
        case 'disk':
          return { ...planned, path: paths.join(folder, diskFile(planned.index)) }
        case 'medium':
          // In the machine's folder, with which it goes.
          return planned.copyOf !== undefined && planned.isCopiedHere
            ? { ...planned, path: paths.join(folder, 'installer.iso') }
            : planned
        default:
          return planned
      }
    },
  }
}

interface Where extends Pick<Hello, 'separator'> {
  /** In which Hyper-V makes the machine's folder. */
  readonly root: string
}

/** The same operations with their cmdlets, and what stands around them in the script. */
export function withCmdlets(
  operations: readonly Operation[],
  request: MachineRequest,
  where: Where,
): Pick<Plan, 'operations' | 'script'> {
  const byHand = namesByHand(request, operations, where)
  return {
    operations: operations.map((operation) => {
      const planned = parametersOf(operation)
      const text = linesOf(planned, asPlanned).join('\n')
      // By hand it is made above everything else.
      const isAbove = planned.kind === 'shared-network'
      return {
        ...operation,
        native: { language: 'powershell', text },
        script: isAbove ? [seenAbove(planned.network)] : linesOf(byHand.parameters(planned), byHand),
      }
    }),
    script: {
      language: 'ps1',
      ...(byHand.shared.includes('nat') && { parameters: [`param([switch]$${allowHostNetwork})`] }),
      prologue: prologue(byHand),
      epilogue: epilogue(byHand),
    },
  }
}

function seenAbove(network: SharedNetwork): string {
  return `# The switch was seen to above; no address is reserved: ${freeAddresses(network)}.`
}

function linesOf(parameters: HyperVParameters, words: Words): readonly string[] {
  switch (parameters.kind) {
    case 'machine':
      return machine(parameters, words)
    case 'settings':
      return settings(parameters, words)
    case 'switch':
      return [`$null = ${call('New-VMSwitch', { Name: parameters.name, SwitchType: 'Private' })}`]
    case 'shared-network':
      return plannedCommands(parameters.network, parameters.mayMake)
    case 'adapters':
      return adapters(parameters.adapters)
    case 'disk':
      return disk(parameters, words)
    case 'drives':
      return opticalDrives()
    case 'medium':
      return medium(parameters, words)
    case 'start':
      return [call('Start-VM', { VM: vm })]
  }
}

/** The anchor has the run's name until it is marked. */
function machine({ root, runName, name, memoryBytes }: MachineParameters, words: Words): readonly string[] {
  const facts = { Name: runName, Path: words.path(root), Generation: 2, MemoryStartupBytes: memoryBytes, NoVHD: given }
  const made = `$vm = ${call('New-VM', facts)}`
  if (runName === name) return [made]
  return [
    made,
    '# $mark: a sentence for people, and one line of data that names this run and the id of $vm',
    call('Set-VM', { VM: vm, Notes: code('$mark') }),
    call('Rename-VM', { VM: vm, NewName: name }),
  ]
}

function settings(
  { memoryBytes, processors, isNested, secureBootTemplate, tpm }: SettingsParameters,
  { pipePath }: Words,
): readonly string[] {
  const template = secureBootTemplate === '' ? undefined : secureBootTemplate
  return [
    call('Set-VM', {
      VM: vm,
      StaticMemory: given,
      MemoryStartupBytes: memoryBytes,
      ProcessorCount: processors,
      CheckpointType: 'Standard',
      AutomaticStartAction: 'Nothing',
      AutomaticStopAction: 'ShutDown',
    }),
    String.raw`if ((Get-Command -Name Hyper-V\Set-VM).Parameters.ContainsKey('AutomaticCheckpointsEnabled')) {`,
    `    ${call('Set-VM', { VM: vm, AutomaticCheckpointsEnabled: false })}`,
    '}',
    call('Set-VMProcessor', { VM: vm, ExposeVirtualizationExtensions: isNested }),
    call('Set-VMComPort', { VM: vm, Number: 1, Path: pipePath }),
    call('Set-VMFirmware', {
      VM: vm,
      EnableSecureBoot: template === undefined ? 'Off' : 'On',
      SecureBootTemplate: template,
    }),
    ...(tpm
      ? [call('Set-VMKeyProtector', { VM: vm, NewLocalKeyProtector: given }), call('Enable-VMTPM', { VM: vm })]
      : []),
  ]
}

/** New-VM made a network card that nobody asked for. */
function adapters(all: readonly AdapterRule[]): readonly string[] {
  const remove = call('Remove-VMNetworkAdapter', { VMNetworkAdapter: code('$adapter') })
  return [`foreach ($adapter in @($vm.NetworkAdapters)) { ${remove} }`, ...all.flatMap(adapterLines)]
}

function adapterLines({ mac, on, isSpoofing, vlan }: AdapterRule): readonly string[] {
  const adapter = code('$adapter')
  const add = { VM: vm, StaticMacAddress: mac.replaceAll(':', '').toUpperCase(), Passthru: given }
  return [
    `$adapter = ${call('Add-VMNetworkAdapter', add)}`,
    ...(isSpoofing ? [call('Set-VMNetworkAdapter', { VMNetworkAdapter: adapter, MacAddressSpoofing: 'On' })] : []),
    ...(vlan === 0
      ? []
      : [call('Set-VMNetworkAdapterVlan', { VMNetworkAdapter: adapter, Access: given, VlanId: vlan })]),
    `$switch = ${switchText(on)}`,
    call('Connect-VMNetworkAdapter', { VMNetworkAdapter: adapter, VMSwitch: code('$switch') }),
  ]
}

/** -Name would take a name for a pattern. */
function switchText(rule: SwitchRule): string {
  if (rule.is === 'default') return call('Get-VMSwitch', { Id: defaultSwitchId })
  if (rule.is === 'external') return call('Get-VMSwitch', { SwitchType: 'External' })
  const name = rule.is === 'shared' ? sharedSwitchName(rule.network) : rule.name
  return `${call('Get-VMSwitch', {})} | Where-Object { $_.Name -eq ${literal(name)} }`
}

/** Dynamic, with blocks of 1 MiB as Linux file systems want them, at its place on the SCSI controller. */
function disk({ path, sizeBytes, index }: DiskParameters, words: Words): readonly string[] {
  const file = words.path(path)
  const made = call('New-VHD', { Path: file, SizeBytes: sizeBytes, BlockSizeBytes: 1_048_576, Dynamic: given })
  const place = { ControllerType: 'SCSI', ControllerNumber: 0, ControllerLocation: index }
  return [`$null = ${made}`, call('Add-VMHardDiskDrive', { VM: vm, ...place, Path: file })]
}

/** Hyper-V's service is another account: what this user alone can read is copied for it. */
function medium({ path, copyOf, isCopiedHere }: MediumParameters, words: Words): readonly string[] {
  const file = words.path(path)
  const insert = call('Set-VMDvdDrive', { VMDvdDrive: installer, Path: file })
  if (copyOf === undefined) return [insert]
  if (!isCopiedHere) return [`# A copy of ${literal(copyOf)}, to be put there first.`, insert]
  return [`[System.IO.File]::Copy(${literal(copyOf)}, ${valueText(file)})`, insert]
}

/**
 * Both are there from the start, empty. What is not in the boot order is not tried: a network card would try PXE first,
 * and the seed is data.
 */
function opticalDrives(): readonly string[] {
  const drive = (location: number): string =>
    call('Add-VMDvdDrive', { VM: vm, ControllerNumber: 0, ControllerLocation: location, Passthru: given })
  const disks = call('Get-VMHardDiskDrive', { VM: vm, ControllerType: 'SCSI', ControllerNumber: 0 })
  return [
    `$installer = ${drive(opticalLocations.installer)}`,
    `$null = ${drive(opticalLocations.seed)}`,
    call('Set-VMFirmware', { VM: vm, BootOrder: code(`(@(${disks}) + @($installer))`) }),
  ]
}

/** Hyper-V itself allows two machines and two switches of one name, and New-VM takes a folder that is there. */
function prologue({ name, folder, switches, shared }: ByHand): readonly string[] {
  const named = (cmdlet: string, wanted: string): string =>
    `@(${call(cmdlet, {})} | Where-Object { $_.Name -eq ${literal(wanted)} })`
  const refuse = (found: string, text: string): string => `if (${found}.Length -gt 0) { throw ${literal(text)} }`
  return [
    "# To be run on Hyper-V's own computer, in Windows PowerShell 5.1 or PowerShell 7, with rights on Hyper-V.",
    `$folder = ${literal(folder)}`,
    refuse(named('Get-VM', name), `There is a virtual machine ${name} already.`),
    'if ([System.IO.Directory]::Exists($folder)) { throw "There is a folder $folder already." }',
    ...switches.map((each) => refuse(named('Get-VMSwitch', each), `There is a switch ${each} already.`)),
    ...ensureNetworks(shared),
  ]
}

function epilogue({ name, folder, pipe, switches, shared }: ByHand): readonly string[] {
  const where = `{ $_.Name -eq ${literal(name)} -and ([string]$_.Path).StartsWith($folder, 'OrdinalIgnoreCase') }`
  const removal = [
    `$folder = ${literal(folder)}`,
    `$vm = ${call('Get-VM', {})} | Where-Object ${where}`,
    call('Stop-VM', { VM: vm, TurnOff: given, Force: given }),
    call('Remove-VM', { VM: vm, Force: given }),
    'Remove-Item -LiteralPath $folder -Recurse',
    ...switches.map((each) => call('Remove-VMSwitch', { Name: each, Force: given })),
    ...removeUnused(shared),
  ]
  return [
    '# What the machine says on its serial port (all of it, where this waits in another window before the start):',
    `#   $pipe = [System.IO.Pipes.NamedPipeClientStream]::new('.', ${literal(pipe)}, 'InOut')`,
    '#   $pipe.Connect(); $pipe.CopyTo([System.Console]::OpenStandardOutput())',
    '# To remove it:',
    ...removal.map((line) => `#   ${line}`),
  ]
}
