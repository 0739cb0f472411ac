/** Making the libvirt networks that are azl-vm's own, and starting them where the host was started anew. */
import { isLibvirtError, isNoNetwork, type Connection, type Network } from 'libvirt-ts'
import type { Call } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { kvmMark } from './mark-metadata.ts'
import { hostOnlyNetwork } from './names.ts'
import { hostOnlyNetworkXml, hostOnlySubnets, isolatedNetworkXml } from './network-xml.ts'
import { signalOf, type Session } from './session.ts'

export async function ensureIsolatedNetwork(session: Session, name: string, call: Call): Promise<void> {
  await session.run(`make the network ${name}`, call, async (connection) => {
    const network =
      (await find(connection, name, call)) ?? (await connection.defineNetwork(isolatedNetworkXml(name), signalOf(call)))
    if (!(await network.isActive(signalOf(call)))) await network.create(signalOf(call))
  })
}

/** Serialises the making and the removing of the network that machines share. */
export async function withHostOnlyLock<T>(session: Session, call: Call, work: () => Promise<T>): Promise<T> {
  return await session.context.sharedLock(`network ${session.choice.uri} ${hostOnlyNetwork}`, call, work)
}

export async function ensureHostOnlyNetwork(session: Session, call: Call): Promise<void> {
  await withHostOnlyLock(session, call, () =>
    session.run(`make the network ${hostOnlyNetwork}`, call, async (connection) => {
      const there = await find(connection, hostOnlyNetwork, call)
      if (there && (await there.isActive(signalOf(call)))) return
      if (there && (await isStarted(there, call)) === true) return
      await there?.undefine(signalOf(call))
      await makeWhereFree(connection, call)
    }),
  )
}

/** Throws libvirt's last refusal where it refuses all. */
async function makeWhereFree(connection: Connection, call: Call): Promise<void> {
  let refusal: unknown
  for (const subnet of hostOnlySubnets) {
    const network = await connection.defineNetwork(hostOnlyNetworkXml(hostOnlyNetwork, subnet), signalOf(call))
    const started = await isStarted(network, call)
    if (started === true) return
    refusal = started
    await network.undefine(signalOf(call))
  }
  throw refusal
}

/** True, or libvirt's refusal: it has one code (internal-error) for addresses that the host has a route to. */
async function isStarted(network: Network, call: Call): Promise<unknown> {
  try {
    await network.create(signalOf(call))
    return true
  } catch (error) {
    if (isLibvirtError(error, 'internal-error')) return error
    throw error
  }
}

async function find(connection: Connection, name: string, call: Call): Promise<Network | undefined> {
  try {
    return await connection.lookupNetwork(name, signalOf(call))
  } catch (error) {
    if (isNoNetwork(error)) return undefined
    throw error
  }
}

/** Our networks do not start with the host: after its reboot they are started here. */
export async function startOwnNetworks(session: Session, ref: MachineRef, call: Call): Promise<void> {
  const { mark, interfaces } = await session.config(await session.domain(ref, call), call)
  for (const network of mark ? kvmMark(mark).ownNetworks : []) await ensureIsolatedNetwork(session, network, call)
  if (interfaces.some(({ network }) => network === hostOnlyNetwork)) await ensureHostOnlyNetwork(session, call)
}
