/** Memory that is written to files and read back. */
import type { CallOptions } from '../api.ts'

/** How the domain goes on after its memory is back; unsaid, as it was when it was saved. */
export interface ResumeState {
  readonly running?: boolean | undefined
  readonly paused?: boolean | undefined
}

export interface SaveOptions extends CallOptions, ResumeState {
  /** Past the host's page cache; not every file system can. */
  readonly bypassCache?: boolean | undefined
}

export interface RestoreOptions extends SaveOptions {
  /** Another description, for example with other disks; what the guest can see must stay as it was. */
  readonly xml?: string | undefined
  /** Begins with fresh firmware variables. */
  readonly resetNvram?: boolean | undefined
}

/** What a domain can do with its memory and a file. */
export interface DomainSaving {
  /**
   * Memory to a file on the daemon's host, domain off; `Connection.restoreDomain` brings it back. `xml` is kept as its
   * description. `operation-invalid` where the domain is off or changes its storage; an existing file is overwritten.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainSaveFlags
   */
  save(path: string, options?: SaveOptions & { readonly xml?: string }): Promise<void>
  /**
   * The same to a file that libvirt keeps and that the next `create` reads. Needs a persistent domain.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSave
   */
  managedSave(options?: SaveOptions): Promise<void>
  /** https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainHasManagedSaveImage */
  hasManagedSave(options?: CallOptions): Promise<boolean>
  /**
   * Forgets the memory: the next `create` boots.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSaveRemove
   */
  removeManagedSave(options?: CallOptions): Promise<void>
  /**
   * The domain as the kept file describes it; `no-domain` where there is none.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSaveGetXMLDesc
   */
  managedSaveXml(options?: CallOptions & { readonly secure?: boolean }): Promise<string>
  /**
   * Replaces that description, within what `restoreDomain` allows; undefined only changes how it goes on.
   * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainManagedSaveDefineXML
   */
  defineManagedSave(xml: string | undefined, options?: CallOptions & ResumeState): Promise<void>
}
