/** Whether what a plan makes is there and as planned; read-only. Compared is what the spec says, not what was minted. */
import { posix } from 'node:path'
import { isNoNetwork } from 'libvirt-ts'
import type { Call, Observation } from '../../src/provider/contract.ts'
import type { MachineRequest } from '../../src/provider/machine.ts'
import {
  comparedCards,
  comparedDisk,
  counted,
  observedKeys,
  observedPresence,
  type ComparedKey,
} from '../../src/provider/observation.ts'
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
      return observedPresence((await findPool(session, parameters.pool, call)) !== undefined)
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

async function observeDomain(
  session: Session,
  parameters: DefineParameters,
  request: MachineRequest,
  call: Call,
): Promise<Observation> {
  const domain = await session.findDomain(request.ref, call)
  if (!domain) return { is: 'missing' }
  const config = await session.config(domain, call)
  return observedKeys(domainKeys(config, session.parse(parameters.xml), parameters, request))
}

/** Every key of the spec that the domain itself holds, beside what it has. */
function domainKeys(
  config: DomainConfig,
  planned: DomainConfig,
  parameters: DefineParameters,
  request: MachineRequest,
): readonly ComparedKey[] {
  const { machine, storage } = request.spec
  const mark = config.mark && kvmMark(config.mark)
  return [
    ['arch', request.architecture, config.architecture],
    ['machine.cpus', machine.cpus, config.cpus],
    ['machine.memory', formatBytes(machine.memory), formatBytes(config.memoryBytes)],
    ['machine.disks', counted(machine.disks.length, 'disk'), counted(config.disks.length, 'disk')],
    ['machine.firmware.secureBoot', machine.firmware.secureBoot === true, config.secureBoot],
    ['machine.firmware.tpm', machine.firmware.tpm, config.tpm],
    // Emulation cannot nest, so its domain says nothing of it.
    [
      'machine.nestedVirtualization',
      machine.nestedVirtualization,
      config.domainType === 'qemu' ? machine.nestedVirtualization : config.isNested,
    ],
    ['machine.acceleration', machine.acceleration, mark?.acceleration],
    ...networkKeys(config, parameters, request, mark?.networkModes ?? []),
    ...(storage.path === undefined ? [] : [['storage.path', poolFolder(planned), poolFolder(config)] as const]),
  ]
}

/** The folder of the pool: every machine of ours has its serial log there. */
function poolFolder(config: DomainConfig): string {
  const [log] = config.serialLogPaths
  return log === undefined ? 'none' : posix.dirname(log)
}

function networkKeys(
  config: DomainConfig,
  { networks }: DefineParameters,
  request: MachineRequest,
  modes: readonly string[],
): readonly ComparedKey[] {
  const cards = config.interfaces.map(({ type, mac }, index) => ({ mode: modes[index] ?? type, mac }))
  return [
    ...comparedCards(request, networks, cards),
    ...networks.flatMap((network, index): readonly ComparedKey[] => {
      const found = config.interfaces[index]
      if (!found) return []
      const isOwn = network.mode === 'isolated'
      return [
        ...(isOwn ? [] : [['kvm.network', network.network ?? 'none', found.network ?? 'none'] as const]),
        ['kvm.bridge', network.bridge ?? 'none', found.type === 'bridge' ? (found.bridge ?? 'none') : 'none'],
        [`machine.networks[${String(index)}].forward`, forwardText(request, index), foundForwardText(config, index)],
      ]
    }),
  ]
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
    const index = /disk(\d+)\.qcow2$/.exec(parameters.volume)?.[1] ?? '0' // azl4.<run id>.disk0.qcow2
    return observedKeys([comparedDisk(Number(index), parameters.sizeBytes, capacityBytes)])
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
  return observedPresence((await session.config(domain, call)).optical[0]?.path !== undefined)
}

async function observePower(session: Session, request: MachineRequest, call: Call): Promise<Observation> {
  const domain = await session.findDomain(request.ref, call)
  const isOn =
    domain !== undefined && (await session.run('read the state', call, () => domain.isActive(signalOf(call))))
  return observedPresence(isOn)
}
