/** Calls about memory that was saved to files. */
import { int, nothing, optionalString, string, struct, uint } from '../codec.ts'
import { domainFlags, domainRef, remote, xmlArgs } from '../shapes.ts'

export const saveCalls = {
  domainSave: remote(
    'DOMAIN_SAVE_FLAGS',
    232,
    struct('remote_domain_save_flags_args', { dom: domainRef, to: string, dxml: optionalString, flags: uint }),
    nothing,
  ),
  domainRestore: remote(
    'DOMAIN_RESTORE_FLAGS',
    233,
    struct('remote_domain_restore_flags_args', { from: string, dxml: optionalString, flags: uint }),
    nothing,
  ),
  saveImageGetXml: remote(
    'DOMAIN_SAVE_IMAGE_GET_XML_DESC',
    235,
    struct('remote_domain_save_image_get_xml_desc_args', { file: string, flags: uint }),
    xmlArgs('remote_domain_save_image_get_xml_desc_ret'),
  ),
  saveImageDefineXml: remote(
    'DOMAIN_SAVE_IMAGE_DEFINE_XML',
    236,
    struct('remote_domain_save_image_define_xml_args', { file: string, dxml: string, flags: uint }),
    nothing,
  ),
  domainManagedSave: remote('DOMAIN_MANAGED_SAVE', 182, domainFlags('remote_domain_managed_save_args'), nothing),
  domainHasManagedSave: remote(
    'DOMAIN_HAS_MANAGED_SAVE_IMAGE',
    183,
    domainFlags('remote_domain_has_managed_save_image_args'),
    struct('remote_domain_has_managed_save_image_ret', { result: int }),
  ),
  domainRemoveManagedSave: remote(
    'DOMAIN_MANAGED_SAVE_REMOVE',
    184,
    domainFlags('remote_domain_managed_save_remove_args'),
    nothing,
  ),
  domainManagedSaveGetXml: remote(
    'DOMAIN_MANAGED_SAVE_GET_XML_DESC',
    388,
    domainFlags('remote_domain_managed_save_get_xml_desc_args'),
    xmlArgs('remote_domain_managed_save_get_xml_desc_ret'),
  ),
  domainManagedSaveDefineXml: remote(
    'DOMAIN_MANAGED_SAVE_DEFINE_XML',
    389,
    struct('remote_domain_managed_save_define_xml_args', { dom: domainRef, dxml: optionalString, flags: uint }),
    nothing,
  ),
} as const
