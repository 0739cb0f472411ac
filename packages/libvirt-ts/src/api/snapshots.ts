/**
 * libvirt's own snapshots. What QEMU's driver can do with them differs by version: libvirt 9.0 makes external ones and
 * cannot revert to them (`config-unsupported`), and refuses internal ones of a running domain with UEFI.
 */
import type { CallOptions, Domain } from '../api.ts'

/** What a snapshot holds, and how it is made. */
export interface CreateSnapshotOptions extends CallOptions {
  /** Puts a snapshot back in the books that `xml` describes, and touches no disk. */
  readonly redefine?: boolean | undefined
  /** With `redefine`: it is the current one. */
  readonly current?: boolean | undefined
  /** libvirt keeps no record: only the files know. */
  readonly noMetadata?: boolean | undefined
  /** Leaves the domain off afterwards. */
  readonly halt?: boolean | undefined
  /** Without memory. */
  readonly diskOnly?: boolean | undefined
  /** The files that `xml` names exist and are used as they are. */
  readonly reuseExternal?: boolean | undefined
  /** Freezes the guest's file systems through its agent; needs `diskOnly`. */
  readonly quiesce?: boolean | undefined
  /** All disks or none. */
  readonly atomic?: boolean | undefined
  /** The guest runs on while its memory is written. */
  readonly live?: boolean | undefined
  /** Checks `xml` against libvirt's schema first. */
  readonly validate?: boolean | undefined
}

/** Which snapshots; nothing said means all. */
export interface ListSnapshotsFilter {
  /** Those without a parent. */
  readonly roots?: boolean | undefined
  /** true: those without children; false: those with. */
  readonly leaves?: boolean | undefined
  /** true: those of which libvirt has a record that stops an `undefine`. */
  readonly metadata?: boolean | undefined
}

/** How a domain goes back. */
export interface RevertOptions extends CallOptions {
  /** How the domain goes on; unsaid, as it was. */
  readonly running?: boolean | undefined
  readonly paused?: boolean | undefined
  /** Also where the configuration may differ, at the risk of a domain that has to be restarted. */
  readonly force?: boolean | undefined
  readonly resetNvram?: boolean | undefined
}

/** What else goes with a snapshot. */
export interface DeleteSnapshotOptions extends CallOptions {
  /** `this`: its changes go into the child; `all`: children too; `only`: children and not this one. Default `this`. */
  readonly children?: 'this' | 'all' | 'only' | undefined
  /** Forgets the record and leaves the disks as they are. */
  readonly metadataOnly?: boolean | undefined
}

/** A handle, as {@link Domain} is. Every call rejects with `no-domain-snapshot` where it is gone. */
export interface DomainSnapshot {
  readonly name: string
  readonly domain: Domain

  /** https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotGetXMLDesc */
  xml(options?: CallOptions & { readonly secure?: boolean }): Promise<string>
  /** https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotIsCurrent */
  isCurrent(options?: CallOptions): Promise<boolean>
  /** https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotHasMetadata */
  hasMetadata(options?: CallOptions): Promise<boolean>
  /**
   * Undefined for a root.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotGetParent
   */
  parent(options?: CallOptions): Promise<DomainSnapshot | undefined>
  /**
   * `descendants`: with the children's children.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotListAllChildren
   */
  children(options?: CallOptions & { readonly descendants?: boolean }): Promise<DomainSnapshot[]>
  /**
   * Brings the domain back to it; what happened since is lost. `snapshot-revert-risky` where only `force` would do.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainRevertToSnapshot
   */
  revert(options?: RevertOptions): Promise<void>
  /** https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotDelete */
  delete(options?: DeleteSnapshotOptions): Promise<void>
}

/** What a domain can do with its snapshots. */
export interface DomainSnapshots {
  /**
   * `xml` is a `<domainsnapshot>`; an empty one gets a name from the clock.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotCreateXML
   */
  createSnapshot(xml: string, options?: CreateSnapshotOptions): Promise<DomainSnapshot>
  /**
   * Parents before their children.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainListAllSnapshots
   */
  listSnapshots(filter?: ListSnapshotsFilter, options?: CallOptions): Promise<DomainSnapshot[]>
  /**
   * `no-domain-snapshot` where there is none of that name.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotLookupByName
   */
  lookupSnapshot(name: string, options?: CallOptions): Promise<DomainSnapshot>
  /**
   * The one that the disks are based on, or undefined.
   * https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html#virDomainSnapshotCurrent
   */
  currentSnapshot(options?: CallOptions): Promise<DomainSnapshot | undefined>
}
