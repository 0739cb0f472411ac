import type { CallOptions } from '../api.ts'
import type { DomainSaving, ResumeState, SaveOptions } from '../api/saving.ts'
import { flags } from '../rpc/limits.ts'
import { procedures } from '../rpc/procedures.ts'
import { DomainHandle } from './domain-handle.ts'
import { flagsOf } from './handles.ts'

export class DomainSavingCalls extends DomainHandle implements DomainSaving {
  save(path: string, options: SaveOptions & { readonly xml?: string } = {}): Promise<void> {
    const args = { dom: this.ref, to: path, dxml: options.xml, flags: saveFlags(options) }
    return this.client.call(procedures.domainSave, args, options)
  }

  managedSave(options: SaveOptions = {}): Promise<void> {
    return this.askWith(procedures.domainManagedSave, saveFlags(options), options)
  }

  async hasManagedSave(options?: CallOptions): Promise<boolean> {
    return (await this.askWith(procedures.domainHasManagedSave, 0, options)).result !== 0
  }

  removeManagedSave(options?: CallOptions): Promise<void> {
    return this.askWith(procedures.domainRemoveManagedSave, 0, options)
  }

  async managedSaveXml(options: CallOptions & { readonly secure?: boolean } = {}): Promise<string> {
    const wanted = flagsOf([options.secure, flags.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE])
    return (await this.askWith(procedures.domainManagedSaveGetXml, wanted, options)).xml
  }

  defineManagedSave(xml: string | undefined, options: CallOptions & ResumeState = {}): Promise<void> {
    const args = { dom: this.ref, dxml: xml, flags: saveFlags(options) }
    return this.client.call(procedures.domainManagedSaveDefineXml, args, options)
  }
}

/** What all calls about saved memory understand by the same bits. */
export function saveFlags(options: SaveOptions & { readonly resetNvram?: boolean | undefined }): number {
  return flagsOf(
    [options.bypassCache, flags.VIR_DOMAIN_SAVE_BYPASS_CACHE],
    [options.running, flags.VIR_DOMAIN_SAVE_RUNNING],
    [options.paused, flags.VIR_DOMAIN_SAVE_PAUSED],
    [options.resetNvram, flags.VIR_DOMAIN_SAVE_RESET_NVRAM],
  )
}
