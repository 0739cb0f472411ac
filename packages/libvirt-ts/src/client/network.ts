import type { CallOptions } from '../api.ts'
import type { DhcpLease, Network, NetworkUpdate } from '../api/network.ts'
import type { ValueOf } from '../rpc/codec.ts'
import type { networkRef } from '../rpc/shapes.ts'
import { addressFamilies, nameOf, networkCommands, networkSections } from '../rpc/enums.ts'
import { flags, VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import { flagsOf } from './handles.ts'
import type { Client } from './handles.ts'

export type NetworkRef = ValueOf<typeof networkRef>

export class RemoteNetwork implements Network {
  readonly name: string
  readonly uuid: string
  readonly #client: Client

  constructor(client: Client, ref: NetworkRef) {
    this.#client = client
    this.name = ref.name
    this.uuid = ref.uuid
  }

  async isActive(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.networkIsActive, { net: this.#ref }, options)).active !== 0
  }

  async isPersistent(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.networkIsPersistent, { net: this.#ref }, options)).persistent !== 0
  }

  async xml(options: CallOptions & { readonly inactive?: boolean } = {}): Promise<string> {
    const wanted = flagsOf([options.inactive, flags.VIR_NETWORK_XML_INACTIVE])
    return (await this.#client.call(procedures.networkGetXml, { net: this.#ref, flags: wanted }, options)).xml
  }

  create(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkCreate, { net: this.#ref }, options)
  }

  destroy(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkDestroy, { net: this.#ref }, options)
  }

  undefine(options?: CallOptions): Promise<void> {
    return this.#client.call(procedures.networkUndefine, { net: this.#ref }, options)
  }

  async update(change: NetworkUpdate, options?: CallOptions): Promise<void> {
    const wanted = flagsOf(
      [change.live, flags.VIR_NETWORK_UPDATE_AFFECT_LIVE],
      [change.config, flags.VIR_NETWORK_UPDATE_AFFECT_CONFIG],
    )
    const [command, section] = [networkCommands[change.command], networkSections[change.section]]
    const order = (await this.#isUpdateSwapped(options)) ? { command: section, section: command } : { command, section }
    const args = { net: this.#ref, ...order, parentIndex: change.parentIndex ?? -1, xml: change.xml, flags: wanted }
    return this.#client.call(procedures.networkUpdate, args, options)
  }

  async autostart(options?: CallOptions): Promise<boolean> {
    return (await this.#client.call(procedures.networkGetAutostart, { net: this.#ref }, options)).autostart !== 0
  }

  setAutostart(isAutostart: boolean, options?: CallOptions): Promise<void> {
    return this.#client.call(
      procedures.networkSetAutostart,
      { net: this.#ref, autostart: Number(isAutostart) },
      options,
    )
  }

  async bridgeName(options?: CallOptions): Promise<string> {
    return (await this.#client.call(procedures.networkGetBridgeName, { net: this.#ref }, options)).name
  }

  async dhcpLeases(options: CallOptions & { readonly mac?: string } = {}): Promise<DhcpLease[]> {
    const args = { net: this.#ref, mac: options.mac, need_results: 1, flags: 0 }
    const { leases } = await this.#client.call(procedures.networkGetDhcpLeases, args, options)
    return leases.map((lease) => ({
      interface: lease.iface,
      expiresMs: lease.expirytime * 1000,
      family: nameOf(addressFamilies, lease.type),
      mac: lease.mac,
      iaid: lease.iaid,
      address: lease.ipaddr,
      prefixLength: lease.prefix,
      hostname: lease.hostname,
      clientId: lease.clientid,
    }))
  }

  /**
   * Daemons without this feature take the two numbers in the order in which libvirt's library sent them by mistake
   * before 7.2: virNetworkUpdate in src/libvirt-network.c of libvirt's source.
   */
  async #isUpdateSwapped(options?: CallOptions): Promise<boolean> {
    const args = { feature: VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER }
    return (await this.#client.call(procedures.connectSupportsFeature, args, options)).supported === 0
  }

  get #ref(): NetworkRef {
    return { name: this.name, uuid: this.uuid }
  }
}
