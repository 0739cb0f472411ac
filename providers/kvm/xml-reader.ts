/** The XML that libvirt answers. */
import { readXml, type XmlNode } from '../../src/host/read-xml.ts'
import type { XmlElement } from './xml.ts'

/** Parses a document and returns its root element. Throws bad-reply where it is none. */
export function parseXml(document: string): XmlNode {
  return readXml(document, 'the XML that libvirt answered with')
}

/** A node for the builder; white space between elements is left out. */
export function elementOf({ name, attributes, children, text }: XmlNode): XmlElement {
  const inside = children.length > 0 ? children.map(elementOf) : [text]
  return { name, attributes: Object.fromEntries(attributes), children: inside.filter(Boolean) }
}
