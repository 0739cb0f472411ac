import type { CallOptions, Domain } from '../api.ts'
import type { CreateSnapshotOptions, DeleteSnapshotOptions, DomainSnapshot, RevertOptions } from '../api/snapshots.ts'
import { isNoSnapshot } from '../errors.ts'
import type { ValueOf } from '../rpc/codec.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import type { Procedure, snapshotRef } from '../rpc/shapes.ts'
import { flagsOf } from './handles.ts'
import type { Client } from './handles.ts'

type SnapshotRef = ValueOf<typeof snapshotRef>

export class RemoteSnapshot implements DomainSnapshot {
  readonly name: string
  readonly domain: Domain
  readonly #client: Client
  readonly #ref: SnapshotRef

  constructor(client: Client, domain: Domain, ref: SnapshotRef) {
    this.#client = client
    this.#ref = ref
    this.domain = domain
    this.name = ref.name
  }

  async xml(options: CallOptions & { readonly secure?: boolean } = {}): Promise<string> {
    const wanted = flagsOf([options.secure, flags.VIR_DOMAIN_XML_SECURE])
    return (await this.#ask(procedures.snapshotGetXml, wanted, options)).xml
  }

  async isCurrent(options?: CallOptions): Promise<boolean> {
    return (await this.#ask(procedures.snapshotIsCurrent, 0, options)).current !== 0
  }

  async hasMetadata(options?: CallOptions): Promise<boolean> {
    return (await this.#ask(procedures.snapshotHasMetadata, 0, options)).metadata !== 0
  }

  async parent(options?: CallOptions): Promise<DomainSnapshot | undefined> {
    const answer = await orUndefined(this.#ask(procedures.snapshotGetParent, 0, options))
    // libvirt has one code for "no parent" and for "no such snapshot": the second is asked for again, as itself.
    if (answer === undefined) await this.isCurrent(options)
    return answer && new RemoteSnapshot(this.#client, this.domain, answer.snap)
  }

  async children(options: CallOptions & { readonly descendants?: boolean } = {}): Promise<DomainSnapshot[]> {
    const wanted = flagsOf(
      [true, flags.VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL],
      [options.descendants, flags.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS],
    )
    const args = { snapshot: this.#ref, need_results: 1, flags: wanted }
    const { snapshots } = await this.#client.call(procedures.snapshotListChildren, args, options)
    return snapshots.map((ref) => new RemoteSnapshot(this.#client, this.domain, ref))
  }

  revert(options: RevertOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.running, flags.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING],
      [options.paused, flags.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED],
      [options.force, flags.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE],
      [options.resetNvram, flags.VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM],
    )
    return this.#ask(procedures.snapshotRevert, wanted, options)
  }

  delete(options: DeleteSnapshotOptions = {}): Promise<void> {
    const wanted = flagsOf(
      [options.children === 'all', flags.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN],
      [options.children === 'only', flags.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY],
      [options.metadataOnly, flags.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY],
    )
    return this.#ask(procedures.snapshotDelete, wanted, options)
  }

  #ask<R>(
    procedure: Procedure<{ readonly snap: SnapshotRef; readonly flags: number }, R>,
    wanted: number,
    options?: CallOptions,
  ): Promise<R> {
    return this.#client.call(procedure, { snap: this.#ref, flags: wanted }, options)
  }
}

/** The answer, or undefined where libvirt says that there is no such snapshot. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isNoSnapshot(error)) return undefined
    throw error
  }
}

export function createFlags(options: CreateSnapshotOptions): number {
  return flagsOf(
    [options.redefine, flags.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE],
    [options.current, flags.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT],
    [options.noMetadata, flags.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA],
    [options.halt, flags.VIR_DOMAIN_SNAPSHOT_CREATE_HALT],
    [options.diskOnly, flags.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY],
    [options.reuseExternal, flags.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT],
    [options.quiesce, flags.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE],
    [options.atomic, flags.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC],
    [options.live, flags.VIR_DOMAIN_SNAPSHOT_CREATE_LIVE],
    [options.validate, flags.VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE],
  )
}
