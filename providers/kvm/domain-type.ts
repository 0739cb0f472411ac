import type { Architecture } from '../../src/provider/capabilities.ts'
import type { DomainType } from './boards.ts'
import { cpuElement } from './domain-xml.ts'
import { toXml } from './xml.ts'

/** What libvirt writes itself: `<domain type='kvm'>`, at most one `<cpu …>` on the level below. */
const typePattern = /^(\s*<domain\b[^>]*?\stype=)(['"])[a-z]+\2/
const cpuPattern = /\n {2}<cpu\b(?:[^>]*\/>|[\s\S]*?\n {2}<\/cpu>)/

/**
 * libvirt's own XML of a domain, with the other way to run its processor; everything else is kept to the letter,
 * also what a newer libvirt wrote and we do not know.
 */
export function withDomainType(xml: string, type: DomainType, architecture: Architecture, isNested: boolean): string {
  const cpu = toXml(cpuElement(type, architecture, isNested), '  ')
  return xml
    .replace(typePattern, (_, before: string, mark: string) => `${before}${mark}${type}${mark}`)
    .replace(cpuPattern, () => `\n${cpu}`)
}
