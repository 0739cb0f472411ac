/** XML for libvirt: a builder that escapes, and a parser whose results are read by path. */
import { XMLParser } from 'fast-xml-parser'
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

/** A parsed element: attributes, child elements in order, and its own text. */
export class XmlNode {
  readonly #raw: Readonly<Record<string, unknown>>
  readonly name: string

  constructor(name: string, raw: Readonly<Record<string, unknown>>) {
    this.name = name
    this.#raw = raw
  }

  attribute(key: string): string | undefined {
    const value = this.#raw[`@${key}`]
    return typeof value === 'string' ? value : undefined
  }

  get text(): string {
    const value = this.#raw['#text']
    return typeof value === 'string' ? value : ''
  }

  /** Every element at a path below this one: `all('devices', 'disk')`. */
  all(...path: readonly string[]): readonly XmlNode[] {
    return path.reduce<readonly XmlNode[]>((nodes, step) => nodes.flatMap((node) => node.#children(step)), [this])
  }

  /** The first element at a path, where there is one. */
  find(...path: readonly string[]): XmlNode | undefined {
    return this.all(...path)[0]
  }

  #children(name: string): readonly XmlNode[] {
    const value = this.#raw[name]
    const list: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value]
    return list.map((entry) => new XmlNode(name, recordOf(entry)))
  }
}

/** Parses a document and returns its root element. */
export function parseXml(text: string): XmlNode {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
  })
  const parsed: unknown = parser.parse(text)
  const [root] = Object.entries(recordOf(parsed))
  if (!root) throw new AzlVmError('bad-reply', 'libvirt answered with an empty XML document')
  return new XmlNode(root[0], recordOf(root[1]))
}

/** The parser gives an element without attributes and children as its bare text. */
function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : { '#text': String(value) }
}
