/** What one libvirt offers: read once per run, read-only, serialisable. */
import { isLibvirtError, isNoNetwork, isNoStoragePool, isUnsupported, type Connection, type Network } from 'libvirt-ts'
import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding } from '../../src/provider/contract.ts'
import { isAzlVmError, errorText } from '../../src/errors.ts'
import { machineTypeOf } from './domain-xml.ts'
import { readDescriptors, type FirmwareDescriptor } from './firmware.ts'
import { localFindings, readBridges, startBridgeCommand, type BridgeFact } from './host-checks.ts'
import type { HostChoice } from './host.ts'
import { isOurNetwork, isOurPool } from './names.ts'
import { quote } from './script.ts'
import { parseXml } from './xml-reader.ts'

/** Where libvirt keeps images when nobody says otherwise (libvirt's storage driver: localstatedir/lib/libvirt/images). */
const systemImageFolder = '/var/lib/libvirt/images'

export interface PoolFact {
  readonly name: string
  readonly path: string
}

export interface NetworkFact {
  readonly name: string
  readonly isActive: boolean
  /** `nat`, `route`, `open`, `bridge`, `private` …; undefined: no way out. */
  readonly forward: string | undefined
  /** The host has an address on it. */
  readonly hasHostAddress: boolean
  /** The bridge that it stands on, where it has one. */
  readonly bridge?: string
}

/** What the plan reads beside the neutral facts. */
export interface KvmNative {
  readonly why: string
  readonly isLocal: boolean
  readonly isSession: boolean
  readonly imageFolder: string
  readonly pools: readonly PoolFact[]
  readonly networks: readonly NetworkFact[]
  /** Undefined where they cannot be looked at: on another computer. */
  readonly bridges?: readonly BridgeFact[]
  readonly emulators: Readonly<Partial<Record<Architecture, string>>>
  /** The host's processor architecture. */
  readonly hostArchitecture: string
  /** Whether libvirt advertises hardware virtualization per architecture; it may still not work. */
  readonly advertisesKvm: Readonly<Partial<Record<Architecture, boolean>>>
  readonly isFirmwareAutomatic: Readonly<Partial<Record<Architecture, boolean>>>
  readonly descriptors: readonly FirmwareDescriptor[]
}

export function nativeOf(facts: Facts): KvmNative {
  return facts.native as unknown as KvmNative
}

const ourArchitectures = ['x86_64'] as const satisfies readonly Architecture[]

export async function readFacts(
  choice: HostChoice,
  connect: () => Promise<Connection>,
  env: NodeJS.ProcessEnv,
  call: Call,
): Promise<Facts> {
  let connection: Connection
  try {
    connection = await connect()
  } catch (error) {
    return unready(choice, [whyNotConnected(error)])
  }
  const [versions, guests, native] = await Promise.all([
    readVersions(connection, call),
    readGuests(connection, call),
    readHost(connection, choice, env, call),
  ])
  const facts = { ...native, ...ofGuests(guests) }
  const findings = [
    ...findingsOf(choice, guests, facts, versions),
    ...(choice.isLocal && !choice.isSession ? await localFindings() : []),
  ]
  return {
    provider: 'kvm',
    host: choice.uri,
    isReady: !findings.some((finding) => finding.level === 'error'),
    isAssumed: false,
    versions,
    capabilities: capabilitiesOf(guests, facts),
    findings,
    native: facts,
  }
}

/** An unready host is a finding; throws what is no such thing. */
function whyNotConnected(error: unknown): Finding {
  if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
  return {
    level: 'error',
    code: error.code === 'permission-denied' ? 'libvirt-no-rights' : 'libvirt-not-answering',
    message: `${error.message} (${errorText(error.cause)})`,
    ...(error.hint === undefined ? {} : { fix: error.hint }),
    error: error.code,
  }
}

type GuestFacts = Pick<KvmNative, 'emulators' | 'advertisesKvm' | 'isFirmwareAutomatic'>

async function readHost(
  connection: Connection,
  choice: HostChoice,
  env: NodeJS.ProcessEnv,
  call: Call,
): Promise<Omit<KvmNative, keyof GuestFacts>> {
  const [host, pools, networks, descriptors, bridges] = await Promise.all([
    connection.nodeInfo(call),
    readPools(connection, call),
    readNetworks(connection, call),
    choice.isLocal ? readDescriptors() : [],
    choice.isLocal && !choice.isSession ? readBridges() : undefined,
  ])
  return {
    why: choice.why,
    isLocal: choice.isLocal,
    isSession: choice.isSession,
    imageFolder: imageFolder(choice, env),
    pools,
    networks,
    ...(bridges && { bridges }),
    hostArchitecture: host.cpuModel,
    descriptors,
  }
}

async function readGuests(connection: Connection, call: Call): Promise<readonly Guest[]> {
  const guests = await Promise.all(ourArchitectures.map((architecture) => readGuest(connection, architecture, call)))
  return guests.filter((guest) => guest !== undefined)
}

function ofGuests(guests: readonly Guest[]): GuestFacts {
  const each = <T>(value: (guest: Guest) => T): Partial<Record<Architecture, T>> =>
    Object.fromEntries(guests.map((guest) => [guest.architecture, value(guest)]))
  return {
    emulators: each((guest) => guest.emulator),
    advertisesKvm: each((guest) => guest.hasKvm),
    isFirmwareAutomatic: each((guest) => guest.isFirmwareAutomatic),
  }
}

interface Guest {
  readonly architecture: Architecture
  readonly emulator: string
  readonly hasKvm: boolean
  readonly isFirmwareAutomatic: boolean
  readonly isSecureBootPossible: boolean
  readonly hasTpm: boolean
}

async function readVersions(connection: Connection, call: Call): Promise<Record<string, string>> {
  const [libvirt, qemu] = await Promise.all([connection.libraryVersion(call), connection.hypervisorVersion(call)])
  return { libvirt, qemu }
}

/** Undefined where libvirt has no emulator for the architecture. */
async function readGuest(connection: Connection, architecture: Architecture, call: Call): Promise<Guest | undefined> {
  const query = { arch: architecture, machine: machineTypeOf(architecture) }
  const read = async (virtType: 'kvm' | 'qemu') =>
    parseXml(withoutCpuModels(await connection.domainCapabilities({ ...query, virtType }, call)))
  const [emulated, accelerated] = await Promise.all([
    read('qemu').catch(undefinedIfCannot),
    read('kvm').catch(undefinedIfCannot),
  ])
  const known = emulated ?? accelerated
  if (!known) return undefined
  const values = (...path: readonly string[]): readonly string[] =>
    known.all(...path, 'value').map((value) => value.text)
  const enumOf = (name: string): readonly string[] =>
    known
      .all('os', 'enum')
      .filter((entry) => entry.attribute('name') === name)
      .flatMap((entry) => entry.all('value').map((value) => value.text))
  const secure = known.all('os', 'loader', 'enum').find((entry) => entry.attribute('name') === 'secure')
  return {
    architecture,
    emulator: known.find('path')?.text ?? '',
    hasKvm: accelerated !== undefined,
    isFirmwareAutomatic: enumOf('firmware').includes('efi'),
    isSecureBootPossible:
      secure?.all('value').some((value) => value.text === 'yes') === true && values('os', 'loader').length > 0,
    hasTpm: known.find('devices', 'tpm')?.attribute('supported') === 'yes',
  }
}

/** The list of processor models is nine tenths of the document, and nothing here reads it. */
function withoutCpuModels(xml: string): string {
  const [from, to] = [xml.indexOf('<cpu>'), xml.indexOf('</cpu>')]
  return from < 0 || to < from ? xml : xml.slice(0, from) + xml.slice(to + '</cpu>'.length)
}

/** "This libvirt cannot" is an answer; a line that broke, missing rights and an abort are not. */
function undefinedIfCannot(error: unknown): undefined {
  if (isUnsupported(error) || isLibvirtError(error, 'invalid-arg', 'internal-error')) return undefined
  throw error
}

/** Undefined for what went away since it was listed, as other machines' own switches do. */
async function unlessGone<T>(isGone: (error: unknown) => boolean, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function readPools(connection: Connection, call: Call): Promise<readonly PoolFact[]> {
  const pools = (await connection.listPools(call)).filter((pool) => isOurPool(pool.name))
  const found = await Promise.all(
    pools.map((pool) =>
      unlessGone(isNoStoragePool, async () => ({
        name: pool.name,
        path: parseXml(await pool.xml(call)).find('target', 'path')?.text ?? '',
      })),
    ),
  )
  return found.filter((pool) => pool !== undefined)
}

async function readNetworks(connection: Connection, call: Call): Promise<readonly NetworkFact[]> {
  const networks = await connection.listNetworks(call).catch(undefinedIfCannot)
  const found = await Promise.all(
    (networks ?? []).map((network) => unlessGone(isNoNetwork, () => readNetwork(network, call))),
  )
  return found.filter((network) => network !== undefined)
}

async function readNetwork(network: Network, call: Call): Promise<NetworkFact> {
  const [isActive, xml] = await Promise.all([network.isActive(call), network.xml(call)])
  const parsed = parseXml(xml)
  const forward = parsed.find('forward')
  const bridge = parsed.find('bridge')?.attribute('name')
  return {
    name: network.name,
    isActive,
    // libvirt's default for a forward element without a mode is nat.
    forward: forward && (forward.attribute('mode') ?? 'nat'),
    hasHostAddress: parsed.find('ip') !== undefined,
    ...(bridge !== undefined && { bridge }),
  }
}

function imageFolder(choice: HostChoice, env: NodeJS.ProcessEnv): string {
  if (!choice.isSession) return systemImageFolder
  // Empty is unset, by the XDG base directory specification.
  const named = env['XDG_DATA_HOME'] ?? ''
  const data = named === '' ? `${env['HOME'] ?? ''}/.local/share` : named
  return `${data}/libvirt/images`
}

function capabilitiesOf(guests: readonly Guest[], native: Pick<KvmNative, 'isSession'>): Capabilities {
  return {
    architectures: guests.map((guest) => guest.architecture),
    secureBoot: guests.some((guest) => guest.isSecureBootPossible),
    tpm: guests.some((guest) => guest.hasTpm),
    nestedVirtualization: guests.some((guest) => guest.hasKvm),
    networkModes: native.isSession ? ['nat'] : ['nat', 'bridged', 'host-only', 'isolated'],
    forward: true,
    console: { ports: ['system', 'firmware'], firstByte: true, reattach: true, drainsUnattended: true },
    screenshot: true,
    viewer: true,
    snapshots: { off: true, memory: true, tpm: false },
    linkedClones: true,
    remote: false,
  }
}

function findingsOf(
  choice: HostChoice,
  guests: readonly Guest[],
  native: KvmNative,
  versions: Readonly<Record<string, string>>,
): readonly Finding[] {
  const findings: Finding[] = [
    {
      level: 'ok',
      code: 'libvirt-answers',
      message: `libvirt ${versions['libvirt'] ?? '?'} with QEMU ${versions['qemu'] ?? '?'} answers at ${choice.uri} (${choice.why})`,
    },
  ]
  if (guests.length === 0) {
    findings.push({
      level: 'error',
      code: 'qemu-missing',
      error: 'tool-missing',
      message: `libvirt at ${choice.uri} finds no QEMU for x86_64`,
      fix: 'Install it: on Debian and Ubuntu `sudo apt-get install qemu-system-x86`.',
    })
  }
  for (const guest of guests) findings.push(...guestFindings(guest, native))
  for (const network of native.networks) {
    // Ours are started with the machines that are on them.
    if (network.isActive || isOurNetwork(network.name)) continue
    findings.push({
      level: 'info',
      code: 'network-inactive',
      message: `the libvirt network "${network.name}" is not active; only a spec with kvm.network: ${network.name} needs it`,
      fix: startNetworkCommand(choice.uri, network.name),
    })
  }
  for (const { name } of native.bridges?.filter(({ isUp }) => !isUp) ?? []) {
    findings.push({
      level: 'info',
      code: 'bridge-down',
      message: `the bridge "${name}" is not up; only a spec with kvm.bridge: ${name} needs it`,
      fix: startBridgeCommand(name),
    })
  }
  if (choice.isSession) {
    findings.push({
      level: 'info',
      code: 'session-libvirt',
      message:
        'the user’s own libvirt has no networks: only the mode nat is there, and [] for none; bridged, host-only and isolated need the system’s (qemu:///system)',
    })
  }
  return findings
}

/** What starts a network, now and with the host. */
export function startNetworkCommand(uri: string, network: string): string {
  const [at, name] = [quote(uri), quote(network)]
  return `\`virsh -c ${at} net-start ${name}\` (and \`virsh -c ${at} net-autostart ${name}\` for the next boot)`
}

function guestFindings(guest: Guest, native: KvmNative): readonly Finding[] {
  const findings: Finding[] = []
  const hasDescriptor = native.descriptors.some((descriptor) => descriptor.architectures.includes(guest.architecture))
  if (!guest.isFirmwareAutomatic && !hasDescriptor) {
    findings.push({
      level: 'error',
      code: 'firmware-missing',
      error: 'host-not-ready',
      message: `there is no UEFI firmware for ${guest.architecture} guests`,
      fix: 'Install it: on Debian and Ubuntu `sudo apt-get install ovmf`, on Fedora `sudo dnf install edk2-ovmf`, on Arch `sudo pacman -S edk2-ovmf`.',
    })
  } else {
    findings.push({
      level: 'ok',
      code: 'firmware',
      message: `UEFI firmware for ${guest.architecture} guests is there${guest.isSecureBootPossible ? ', also with Secure Boot' : ''}`,
    })
  }
  findings.push(
    guest.hasKvm
      ? {
          level: 'ok',
          code: 'kvm-offered',
          message: 'libvirt offers KVM; whether guests really run with it shows at the first start',
        }
      : {
          level: 'warning',
          code: 'kvm-missing',
          message: 'libvirt offers no KVM: guests are emulated, which is slow',
          fix: 'Switch on virtualization in the computer’s firmware, and see that /dev/kvm belongs to the group kvm: `sudo chgrp kvm /dev/kvm && sudo chmod 0660 /dev/kvm`.',
        },
  )
  if (!guest.hasTpm) {
    findings.push({
      level: 'warning',
      code: 'tpm-missing',
      message: 'there is no virtual TPM for guests',
      fix: 'Install swtpm: on Debian and Ubuntu `sudo apt-get install swtpm swtpm-tools`.',
    })
  }
  return findings
}

function unready(choice: HostChoice, findings: readonly Finding[]): Facts {
  const native: KvmNative = {
    why: choice.why,
    isLocal: choice.isLocal,
    isSession: choice.isSession,
    imageFolder: systemImageFolder,
    pools: [],
    networks: [],
    emulators: {},
    hostArchitecture: '',
    advertisesKvm: {},
    isFirmwareAutomatic: {},
    descriptors: [],
  }
  return {
    provider: 'kvm',
    host: choice.uri,
    isReady: false,
    isAssumed: false,
    versions: {},
    capabilities: capabilitiesOf([], native),
    findings,
    native: { ...native },
  }
}

/** Facts for a plan without a host: what a current libvirt with QEMU and OVMF offers. Marked as assumed. */
export function assumedFacts(choice: HostChoice, env: NodeJS.ProcessEnv, findings: readonly Finding[]): Facts {
  const guest: Guest = {
    architecture: 'x86_64',
    emulator: '/usr/bin/qemu-system-x86_64',
    hasKvm: true,
    isFirmwareAutomatic: true,
    isSecureBootPossible: true,
    hasTpm: true,
  }
  const native: KvmNative = {
    why: choice.why,
    isLocal: choice.isLocal,
    isSession: choice.isSession,
    imageFolder: imageFolder(choice, env),
    pools: [],
    networks: [],
    emulators: { x86_64: guest.emulator },
    hostArchitecture: 'x86_64',
    advertisesKvm: { x86_64: true },
    isFirmwareAutomatic: { x86_64: true },
    descriptors: [],
  }
  return {
    provider: 'kvm',
    host: choice.uri,
    isReady: true,
    isAssumed: true,
    versions: {},
    capabilities: capabilitiesOf([guest], native),
    findings,
    native: { ...native },
  }
}
