import { element, toXml } from './xml.ts'

/** A switch with nothing on it but the machine: no way out (no forward), and the host has no address there (no ip). */
export function networkXml(name: string): string {
  return toXml(element('network', {}, element('name', {}, name), element('bridge', { stp: 'on', delay: 0 })))
}
