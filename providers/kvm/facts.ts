/** What one libvirt offers: read once per run, read-only, serialisable. */
import { isNoNetwork, isNoStoragePool, type Connection, type Network } from 'libvirt-ts'
import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding } from '../../src/provider/contract.ts'
import { isAzlVmError, errorText } from '../../src/errors.ts'
import { readDescriptors, type FirmwareDescriptor } from './firmware.ts'
import {
  guestCapabilitiesOf,
  guestFindings,
  installCommand,
  readGuests,
  undefinedIfCannot,
  type Guest,
} from './guest-facts.ts'
import { localFindings, readBridges, startBridgeCommand, type BridgeFact } from './host-checks.ts'
import type { HostChoice } from './host.ts'
import { isOurNetwork, isOurPool } from './names.ts'
import { quote } from '../../src/provider/shell-text.ts'
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
  /** Undefined where libvirt does not say. */
  readonly maxCpus: Readonly<Partial<Record<Architecture, number | undefined>>>
  readonly descriptors: readonly FirmwareDescriptor[]
}

export function nativeOf(facts: Facts): KvmNative {
  return facts.native as unknown as KvmNative
}

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
    return unready(choice, [whyNotConnected(error, choice)])
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
function whyNotConnected(error: unknown, { why }: HostChoice): Finding {
  if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
  return {
    level: 'error',
    code: error.code === 'permission-denied' ? 'libvirt-no-rights' : 'libvirt-not-answering',
    message: `${error.message} (${why}): ${errorText(error.cause ?? error)}`,
    ...(error.hint === undefined ? {} : { fix: error.hint }),
    error: error.code,
  }
}

type GuestFacts = Pick<KvmNative, 'emulators' | 'advertisesKvm' | 'isFirmwareAutomatic' | 'maxCpus'>

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

function ofGuests(guests: readonly Guest[]): GuestFacts {
  const each = <T>(value: (guest: Guest) => T): Partial<Record<Architecture, T>> =>
    Object.fromEntries(guests.map((guest) => [guest.architecture, value(guest)]))
  return {
    emulators: each((guest) => guest.emulator),
    advertisesKvm: each((guest) => guest.hasKvm),
    isFirmwareAutomatic: each((guest) => guest.isFirmwareAutomatic),
    maxCpus: each((guest) => guest.maxCpus),
  }
}

async function readVersions(connection: Connection, call: Call): Promise<Record<string, string>> {
  const [libvirt, qemu] = await Promise.all([connection.libraryVersion(call), connection.hypervisorVersion(call)])
  return { libvirt, qemu }
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

/** Empty where nobody tells: libvirt does not say where a user's home is on another computer. */
function imageFolder(choice: HostChoice, env: NodeJS.ProcessEnv): string {
  if (!choice.isSession) return systemImageFolder
  if (choice.remote !== undefined) return ''
  // Empty is unset, by the XDG base directory specification.
  const named = env['XDG_DATA_HOME'] ?? ''
  const data = named === '' ? `${env['HOME'] ?? ''}/.local/share` : named
  return `${data}/libvirt/images`
}

/** What depends on the architecture is said at the top for the host's own, else for what there is. */
function capabilitiesOf(
  guests: readonly Guest[],
  { isSession, hostArchitecture }: Pick<KvmNative, 'isSession' | 'hostArchitecture'>,
): Capabilities {
  const own = guests.find(({ architecture }) => architecture === hostArchitecture) ?? guests[0]
  return {
    ...(own ? guestCapabilitiesOf(own) : noGuests),
    architectures: guests.map((guest) => guest.architecture),
    guests: Object.fromEntries(guests.map((guest) => [guest.architecture, guestCapabilitiesOf(guest)])),
    networkModes: isSession ? ['nat'] : ['nat', 'bridged', 'host-only', 'isolated'],
    forward: true,
    console: {
      ports: ['system', 'firmware'],
      firmwareSpeaks: true,
      firstByte: true,
      reattach: true,
      drainsUnattended: true,
    },
    screenshot: true,
    hostEvents: false,
    viewer: true,
    snapshots: { off: true, memory: true, tpm: false },
    linkedClones: true,
    exportFormats: ['qcow2', 'raw', 'vhd', 'vmdk', 'vdi'],
    remote: true,
  }
}

const noGuests = { secureBoot: false, tpm: false, nestedVirtualization: false, systemPort: false }

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
      message: `libvirt at ${choice.uri} finds no QEMU`,
      fix: `Install it: ${installCommand(native.hostArchitecture === 'aarch64' ? 'aarch64' : 'x86_64')}.`,
    })
  }
  findings.push(...guestFindings(guests, native))
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
    maxCpus: {},
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

/**
 * Facts for a plan without a host: what a current libvirt with QEMU, its firmware and swtpm offers on a computer of
 * this one's architecture. Marked as assumed.
 */
export function assumedFacts(choice: HostChoice, env: NodeJS.ProcessEnv, findings: readonly Finding[]): Facts {
  const hostArchitecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const guests = (['x86_64', 'aarch64'] as const).map((architecture): Guest => ({
    architecture,
    emulator: `/usr/bin/qemu-system-${architecture}`,
    hasKvm: architecture === hostArchitecture,
    isFirmwareAutomatic: true,
    isSecureBootPossible: architecture === 'x86_64',
    hasTpm: true,
    maxCpus: undefined,
  }))
  const native: KvmNative = {
    why: choice.why,
    isLocal: choice.isLocal,
    isSession: choice.isSession,
    imageFolder: imageFolder(choice, env),
    pools: [],
    networks: [],
    hostArchitecture,
    descriptors: [],
    ...ofGuests(guests),
  }
  return {
    provider: 'kvm',
    host: choice.uri,
    isReady: true,
    isAssumed: true,
    versions: {},
    capabilities: capabilitiesOf(guests, native),
    findings,
    native: { ...native },
  }
}
