/** The shared networks by hand: the commands that doctor prints, and the part of a script that sees that they are there. */
import { literal } from '../../src/provider/powershell-literal.ts'
import { call, code, given, type Value } from './powershell-text.ts'
import { sharedNames, sharedSentence, sharedThirdBytes, type SharedNetwork } from './shared-networks.ts'

/** What the commands that make a network are told: texts, or the variables of a script that hold them. */
interface Range {
  readonly prefix: Value
  /** The host's own address in it. */
  readonly gateway: Value
  /** Of the switch: they hold the prefix. */
  readonly notes: Value
}

/** The commands that make the network with NAT by hand, for an elevated prompt; one a line. */
export function natCommands(prefix: string): readonly string[] {
  const range = { prefix, gateway: prefix.replace(/0\/24$/, '1'), notes: sharedSentence + prefix }
  return [switchCommand('nat', range), addressCommand('nat', range), natCommand('nat', range)]
}

function switchCommand(network: SharedNetwork, { notes }: Range): string {
  return call('New-VMSwitch', { Name: sharedNames[network].switch, SwitchType: 'Internal', Notes: notes })
}

/** What is not Hyper-V's is a function on Windows: without -ErrorAction a script would go on after its error. */
const stop = { ErrorAction: 'Stop' }

/** Where Windows lacks the class there is none. */
const silent = { ErrorAction: 'SilentlyContinue' }

function addressCommand(network: SharedNetwork, { gateway }: Range): string {
  const address = { InterfaceAlias: aliasOf(network), IPAddress: gateway, PrefixLength: 24, ...stop }
  return call(String.raw`NetTCPIP\New-NetIPAddress`, address)
}

function natCommand(network: SharedNetwork, { prefix }: Range): string {
  const nat = { Name: sharedNames[network].nat, InternalIPInterfaceAddressPrefix: prefix, ...stop }
  return call(String.raw`NetNat\New-NetNat`, nat)
}

/** The host's end of the switch, as Windows calls it. Source: VD user-guide/setup-nat-network. */
function aliasOf(network: SharedNetwork): string {
  return `vEthernet (${sharedNames[network].switch})`
}

/** Without it no script changes the host's NAT. */
export const allowHostNetwork = 'AllowHostNetwork'

/** What a script holds so far of a network that it is to make. */
const range: Range = {
  prefix: code('$range'),
  gateway: code('$gateway'),
  notes: code(`(${literal(sharedSentence)} + $range)`),
}

/**
 * Lines that see, before anything else is made, that the networks are there, and make what is missing as `up` would: the
 * one with NAT only where the script is called with {@link allowHostNetwork}.
 */
export function ensureNetworks(networks: readonly SharedNetwork[]): readonly string[] {
  return networks.length === 0 ? [] : [...functions, ...networks.flatMap(ensureNetwork)]
}

/** What `up` looks at too, in the order of `sharedPrefixes`. */
const functions: readonly string[] = [
  '# The bits of a range of addresses: of two that overlap, the bits of one begin with those of the other.',
  'function Get-RangeBits([string]$Range) {',
  "    $address, $length = $Range.Split('/')",
  '    $bytes = [System.Net.IPAddress]::Parse($address).GetAddressBytes()',
  "    return (@($bytes | ForEach-Object { [System.Convert]::ToString($_, 2).PadLeft(8, '0') }) -join '').Substring(0, [int]$length)",
  '}',
  '# The ranges that routes, NAT networks and networks of the Host Networking Service have on this computer.',
  'function Get-UsedRanges {',
  '    # Routes of a few bits are ways to everywhere.',
  `    ${call(String.raw`NetTCPIP\Get-NetRoute`, { AddressFamily: 'IPv4', ...stop })} | ForEach-Object { [string]$_.DestinationPrefix } | Where-Object { [int]@(([string]$_).Split('/'))[1] -ge 4 }`,
  `    ${call(String.raw`NetNat\Get-NetNat`, silent)} | ForEach-Object { [string]$_.InternalIPInterfaceAddressPrefix } | Where-Object { $_ -ne '' }`,
  '    # Containers and WSL have networks that Get-NetNat does not show; not every Windows has the module.',
  String.raw`    if ($null -eq (Get-Command -Name HostNetworkingService\Get-HnsNetwork -ErrorAction SilentlyContinue)) { return }`,
  `    ${call(String.raw`HostNetworkingService\Get-HnsNetwork`, silent)} | ForEach-Object { $_.Subnets } | ForEach-Object { [string]$_.AddressPrefix } | Where-Object { $_ -like '*.*/*' }`,
  '}',
  '# The first range for machines of azl-vm that nothing of these overlaps.',
  'function Get-FreeRange {',
  '    $used = @(Get-UsedRanges | ForEach-Object { Get-RangeBits $_ })',
  `    for ($number = ${String(sharedThirdBytes.first)}; $number -le ${String(sharedThirdBytes.last)}; $number++) {`,
  '        $range = "192.168.$number.0/24"',
  '        [string]$bits = Get-RangeBits $range',
  '        $overlapping = @($used | Where-Object { ([string]$_).StartsWith($bits) -or $bits.StartsWith($_) })',
  '        if ($overlapping.Length -eq 0) { return $range }',
  '    }',
  "    throw 'Every range of addresses for machines of azl-vm is in use on this computer: name a switch in hyperv.switch.'",
  '}',
  "# Windows makes the host's end of a switch a moment after it.",
  'function Wait-HostEnd([string]$Alias) {',
  '    for ($tries = 0; $tries -lt 150; $tries++) {',
  `        if (@(${call(String.raw`NetAdapter\Get-NetAdapter`, { IncludeHidden: given, ...stop })} | Where-Object { $_.Name -eq $Alias }).Length -gt 0) { return }`,
  '        Start-Sleep -Milliseconds 200',
  '    }',
  '}',
]

function ensureNetwork(network: SharedNetwork): readonly string[] {
  const { switch: name, nat } = sharedNames[network]
  const isNat = nat !== ''
  const named = `@(${call('Get-VMSwitch', {})} | Where-Object { $_.Name -eq ${literal(name)} })`
  const foreign = `The switch ${name} was not made for azl-vm: rename it, or name a switch in hyperv.switch.`
  const refusal = `This computer has no network ${name}. Called with -${allowHostNetwork}, from an elevated prompt, this script makes it: a switch, and NAT for addresses of its own.`
  const said = `This computer gets the switch ${name}${isNat ? ' with NAT' : ''} for `
  return [
    `# The switch ${name}${isNat ? ', with NAT,' : ''} is one for all machines of azl-vm.`,
    `$shared = ${named}`,
    `if ($shared.Length -gt 0 -and -not ([string]$shared[0].Notes).StartsWith(${literal(sharedSentence)}, 'Ordinal')) { throw ${literal(foreign)} }`,
    'if ($shared.Length -eq 0) {',
    ...(isNat ? [`    if (-not $${allowHostNetwork}) { throw ${literal(refusal)} }`] : []),
    '    [string]$range = Get-FreeRange',
    "    $gateway = $range.Replace('.0/24', '.1')",
    `    Write-Warning (${literal(said)} + $range + '.')`,
    `    $null = ${switchCommand(network, range)}`,
    '    try {',
    ...[...hostEnd(network), ...(isNat ? [`$null = ${natCommand(network, range)}`] : [])].map(
      (line) => `        ${line}`,
    ),
    '    } catch {',
    `        ${call('Remove-VMSwitch', { Name: name, Force: given })}`,
    '        throw',
    '    }',
    '}',
  ]
}

/** Without rights on the host's addresses, the host has IPv6 on a network without NAT. */
function hostEnd(network: SharedNetwork): readonly string[] {
  const lines = [`Wait-HostEnd ${literal(aliasOf(network))}`, `$null = ${addressCommand(network, range)}`]
  if (network === 'nat') return lines
  return [
    '$user = [System.Security.Principal.WindowsPrincipal]::new([System.Security.Principal.WindowsIdentity]::GetCurrent())',
    "if ($user.IsInRole([System.Security.Principal.SecurityIdentifier]::new('S-1-5-32-544'))) {",
    ...lines.map((line) => `    ${line}`),
    '}',
  ]
}

/** Commands, for people, that remove the networks where no machine uses them any more. */
export function removeUnused(networks: readonly SharedNetwork[]): readonly string[] {
  return networks.flatMap((network) => {
    const { switch: name, nat } = sharedNames[network]
    const cards = `${call('Get-VM', {})} | ForEach-Object { $_.NetworkAdapters } | Where-Object { $_.SwitchName -eq ${literal(name)} }`
    const removals = [
      ...(nat === '' ? [] : [`NetNat\\Remove-NetNat -Name ${literal(nat)} -Confirm:$false`]),
      call('Remove-VMSwitch', { Name: name, Force: given }),
    ]
    return [`if (@(${cards}).Length -eq 0) { ${removals.join('; ')} }`]
  })
}

/** What plan shows of a network: how it is made where that is allowed. */
export function plannedCommands(network: SharedNetwork, mayMake: boolean): readonly string[] {
  const { switch: name, nat } = sharedNames[network]
  if (!mayMake) return [`# The switch ${name} must be there: \`azl-vm doctor\` prints what makes it.`]
  return [
    `# Where the switch ${name} is missing, for the first range that is free:`,
    switchCommand(network, range),
    addressCommand(network, range),
    ...(nat === '' ? [] : [natCommand(network, range)]),
  ]
}

/** Which addresses a guest may be given by hand, for people. Nothing hands them out. */
export function freeAddresses(network: SharedNetwork): string {
  const { switch: name, nat } = sharedNames[network]
  const gateway = nat === '' ? '' : ', with the first as its gateway'
  return `give the guest one from the end of the range that the notes of ${name} name${gateway}`
}
