/** libvirt's own XML of a domain, with some of it changed; everything else stays, also what we do not know. */
import type { Mark } from '../../src/provider/mark.ts'
import { markElement, markPrefix } from './mark-metadata.ts'
import { elementOf, parseXml } from './xml-reader.ts'
import { element, toXml, type XmlElement } from './xml.ts'

export interface DomainChange {
  readonly name?: string
  readonly uuid?: string
  readonly mark?: Mark
  /** By index among the disks that are no optical drives. */
  readonly diskPaths?: readonly string[]
  readonly nvramPath?: string
  /** By index among the serial ports. */
  readonly serialLogPaths?: readonly string[]
  /** By index among the network cards. */
  readonly macs?: readonly string[]
  /** New names of networks, by the old ones. */
  readonly networks?: ReadonlyMap<string, string>
}

export function changeDomain(xml: string, change: DomainChange): string {
  const { name, uuid, mark, nvramPath } = change
  const domain = mapChildren(elementOf(parseXml(xml)), (child) => {
    if (child.name === 'name' && name !== undefined) return text(child, name)
    if (child.name === 'uuid' && uuid !== undefined) return text(child, uuid)
    if (child.name === 'metadata' && mark) return withMark(child, mark)
    if (child.name === 'os' && nvramPath !== undefined)
      return mapChildren(child, (part) => (part.name === 'nvram' ? text(part, nvramPath) : part))
    return child.name === 'devices' ? changeDevices(child, change) : child
  })
  return toXml(domain)
}

function changeDevices(devices: XmlElement, change: DomainChange): XmlElement {
  let disk = 0
  let card = 0
  let serial = 0
  return mapChildren(devices, (device) => {
    if (device.name === 'disk' && device.attributes['device'] !== 'cdrom') {
      const path = change.diskPaths?.[disk++]
      return path === undefined ? device : onDisk(device, path)
    }
    if (device.name === 'interface') return changeCard(device, change, change.macs?.[card++])
    // The console is another name of the first port.
    if (device.name === 'serial') return withLog(device, change.serialLogPaths?.[serial++])
    if (device.name === 'console') return withLog(device, change.serialLogPaths?.[0])
    return device
  })
}

function withLog(port: XmlElement, file: string | undefined): XmlElement {
  if (file === undefined) return port
  return mapChildren(port, (part) => (part.name === 'log' ? attributes(part, { file }) : part))
}

/** libvirt looks anew at what the file lies on. */
function onDisk(device: XmlElement, file: string): XmlElement {
  const changed = mapChildren(device, (part) => (part.name === 'source' ? attributes(part, { file }) : part))
  return { ...changed, children: changed.children.filter((part) => !isNamed(part, 'backingStore')) }
}

function changeCard(device: XmlElement, { networks }: DomainChange, mac: string | undefined): XmlElement {
  return mapChildren(device, (part) => {
    if (part.name === 'mac' && mac !== undefined) return attributes(part, { address: mac })
    const network = networks?.get(String(part.attributes['network']))
    return part.name === 'source' && network !== undefined ? attributes(part, { network }) : part
  })
}

function withMark(metadata: XmlElement, mark: Mark): XmlElement {
  const others = metadata.children.filter((part) => !isNamed(part, `${markPrefix}:mark`))
  return element('metadata', metadata.attributes, ...others, markElement(mark))
}

function isNamed(part: XmlElement | string, name: string): boolean {
  return typeof part !== 'string' && part.name === name
}

function mapChildren(parent: XmlElement, map: (child: XmlElement) => XmlElement): XmlElement {
  return { ...parent, children: parent.children.map((child) => (typeof child === 'string' ? child : map(child))) }
}

function text(parent: XmlElement, value: string): XmlElement {
  return { ...parent, children: [value] }
}

function attributes(of: XmlElement, changed: XmlElement['attributes']): XmlElement {
  return { ...of, attributes: { ...of.attributes, ...changed } }
}
