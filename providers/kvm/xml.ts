/** XML for libvirt: a builder that escapes. What libvirt answers is read by xml-reader.ts. */
import { AzlVmError } from '../../src/errors.ts'

export type Attributes = Readonly<Record<string, string | number | undefined>>
export type Child = XmlElement | string | undefined | false

export interface XmlElement {
  readonly name: string
  readonly attributes: Attributes
  readonly children: readonly (XmlElement | string)[]
}

/** An element; attributes that are undefined and children that are undefined or false are left out. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Child[]): XmlElement {
  return { name, attributes, children: children.filter((child) => child !== undefined && child !== false) }
}

/** Indented text of an element. Throws where a value holds what XML cannot say. */
export function toXml(root: XmlElement, indent = ''): string {
  const attributes = Object.entries(root.attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}='${escapeAttribute(String(value))}'`)
    .join('')
  if (root.children.length === 0) return `${indent}<${root.name}${attributes}/>`
  if (root.children.every((child) => typeof child === 'string')) {
    return `${indent}<${root.name}${attributes}>${root.children.map(escapeText).join('')}</${root.name}>`
  }
  const inner = root.children.map((child) =>
    typeof child === 'string' ? `${indent}  ${escapeText(child)}` : toXml(child, `${indent}  `),
  )
  return [`${indent}<${root.name}${attributes}>`, ...inner, `${indent}</${root.name}>`].join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
}

function escapeText(text: string): string {
  refuseUnsayable(text)
  return text.replace(/[&<>\r]/g, escapeCharacter)
}

function escapeAttribute(text: string): string {
  refuseUnsayable(text)
  return text.replace(/[&<>'"\t\n\r]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return entities[character] ?? `&#${String(character.charCodeAt(0))};`
}

/** XML 1.0 section 2.2: these cannot be written at all, not even as references. */
function refuseUnsayable(text: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(text)
  if (!forbidden) return
  const code = forbidden[0].codePointAt(0) ?? 0
  throw new AzlVmError(
    'spec-invalid',
    `a value holds the character U+${code.toString(16).padStart(4, '0')}, which libvirt's XML cannot say`,
  )
}
