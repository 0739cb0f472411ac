/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import { posix } from 'node:path'
import { isNoNetwork } from 'libvirt-ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { Difference, MachineRequest } from '../../src/provider/machine.ts'
import { formatBytes } from '../../src/format-bytes.ts'
import type { DomainConfig } from './domain-config.ts'
import { kvmMark } from './mark-metadata.ts'
import type { DefineParameters, KvmParameters } from './plan.ts'
import { signalOf, type Session } from './session.ts'
import { findPool, findVolume } from './storage.ts'

export async function observeOperation(
  session: Session,
  parameters: KvmParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  switch (parameters.kind) {
    case 'domain':
      return await observeDomain(session, parameters, request, call)
    case 'pool':
      return present(await findPool(session, parameters.pool, call))
    case 'volume':
      return await observeVolume(session, parameters, call)
    case 'network':
    case 'host-only':
      return await observeNetwork(session, parameters.network, call)
    case 'medium':
      return await observeDrive(session, request, call)
    case 'start':
    case 'forward':
      return await observePower(session, request, call)
  }
}

function present(found: unknown): Observation {
  return { is: found === undefined ? 'missing' : 'done' }
}

async function observeDomain(
  session: Session,
  parameters: DefineParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  const domain = await session.findDomain(request.ref, call)
  if (!domain) return { is: 'missing' }
  const differences = compare(await session.config(domain, call), session.parse(parameters.xml), parameters, request)
  return differences.length === 0 ? { is: 'done' } : { is: 'different', differences }
}

/** Every key of the spec that the domain itself holds, beside what it has. */
function compare(
  config: DomainConfig,
  planned: DomainConfig,
  parameters: DefineParameters,
  request: MachineRequest,
): readonly Difference[] {
  const { machine, storage } = request.spec
  const mark = config.mark && kvmMark(config.mark)
  const pairs: readonly (readonly [key: string, wanted: unknown, found: unknown])[] = [
    ['arch', request.architecture, config.architecture],
    ['machine.cpus', machine.cpus, config.cpus],
    ['machine.memory', formatBytes(machine.memory), formatBytes(config.memoryBytes)],
    ['machine.disks', countOf('disk', machine.disks.length), countOf('disk', config.disks.length)],
    ['machine.firmware.secureBoot', machine.firmware.secureBoot === true, config.secureBoot],
    ['machine.firmware.tpm', machine.firmware.tpm, config.tpm],
    // Emulation cannot nest, so its domain says nothing of it.
    [
      'machine.nestedVirtualization',
      machine.nestedVirtualization,
      config.domainType === 'qemu' ? machine.nestedVirtualization : config.isNested,
    ],
    ['machine.acceleration', machine.acceleration, mark?.acceleration],
    [
      'machine.networks',
      countOf('network card', machine.networks.length),
      countOf('network card', config.interfaces.length),
    ],
    ...networkPairs(config, parameters, request, mark?.networkModes ?? []),
    ...(storage.path === undefined ? [] : [['storage.path', poolFolder(planned), poolFolder(config)] as const]),
  ]
  return pairs
    .filter(([, wanted, found]) => wanted !== found)
    .map(([key, wanted, found]) => ({ key, wanted: String(wanted), found: String(found) }))
}

/** The folder of the pool: every machine of ours has its serial log there. */
function poolFolder(config: DomainConfig): string {
  const [log] = config.serialLogPaths
  return log === undefined ? 'none' : posix.dirname(log)
}

function networkPairs(
  config: DomainConfig,
  parameters: DefineParameters,
  request: MachineRequest,
  modes: readonly string[],
): readonly (readonly [string, unknown, unknown])[] {
  return parameters.networks.flatMap((network, index) => {
    const found = config.interfaces[index]
    if (!found) return []
    const key = `machine.networks[${String(index)}]`
    const isMinted = request.spec.machine.networks[index]?.mac === 'auto'
    const isOwn = network.mode === 'isolated'
    return [
      [`${key}.mode`, network.mode, modes[index] ?? found.type],
      ...(isMinted ? [] : [[`${key}.mac`, network.mac, found.mac] as const]),
      ...(isOwn ? [] : [['kvm.network', network.network ?? 'none', found.network ?? 'none'] as const]),
      ['kvm.bridge', network.bridge ?? 'none', found.type === 'bridge' ? (found.bridge ?? 'none') : 'none'],
      [`${key}.forward`, forwardText(request, index), foundForwardText(config, index)],
    ] as const
  })
}

function forwardText(request: MachineRequest, index: number): string {
  const rules = request.spec.machine.networks[index]?.forward ?? []
  return rules.map((rule) => `${String(rule.host)} to ${String(rule.guest)}`).join(', ') || 'none'
}

function foundForwardText(config: DomainConfig, index: number): string {
  const rules = config.mark ? kvmMark(config.mark).forwards.filter((rule) => rule.network === index) : []
  // The port for SSH is ours and not the spec's, unless the spec names port 22 itself.
  const said = rules.filter((rule) => !(rule.isOwn ?? false))
  return (
    said
      .map((rule) => `${rule.hostPort === 0 ? 'any' : String(rule.hostPort)} to ${String(rule.guestPort)}`)
      .join(', ') || 'none'
  )
}

function countOf(what: string, count: number): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`
}

async function observeVolume(
  session: Session,
  parameters: KvmParameters & { readonly kind: 'volume' },
  call: Call,
): Promise<Observation> {
  const pool = await findPool(session, parameters.pool, call)
  if (!pool) return { is: 'missing' }
  return await session.run(`look at ${parameters.volume}`, call, async () => {
    const volume = await findVolume(pool, parameters.volume, call)
    if (!volume) return { is: 'missing' }
    const { capacityBytes } = await volume.info(signalOf(call))
    if (capacityBytes === parameters.sizeBytes) return { is: 'done' }
    const index = /disk(\d+)\.qcow2$/.exec(parameters.volume)?.[1] ?? '0' // azl4.<run id>.disk0.qcow2
    const difference = {
      key: `machine.disks[${index}].size`,
      wanted: formatBytes(parameters.sizeBytes),
      found: formatBytes(capacityBytes),
    }
    return { is: 'different', differences: [difference] }
  })
}

async function observeNetwork(session: Session, name: string, call: Call): Promise<Observation> {
  return await session.run(`look for ${name}`, call, async (connection) => {
    try {
      await connection.lookupNetwork(name, signalOf(call))
      return { is: 'done' }
    } catch (error) {
      if (isNoNetwork(error)) return { is: 'missing' }
      throw error
    }
  })
}

async function observeDrive(session: Session, request: MachineRequest, call: Call): Promise<Observation> {
  const domain = await session.findDomain(request.ref, call)
  if (!domain) return { is: 'missing' }
  return present((await session.config(domain, call)).optical[0]?.path)
}

async function observePower(session: Session, request: MachineRequest, call: Call): Promise<Observation> {
  const domain = await session.findDomain(request.ref, call)
  const isOn =
    domain !== undefined && (await session.run('read the state', call, () => domain.isActive(signalOf(call))))
  return { is: isOn ? 'done' : 'missing' }
}
