/**
 * Reads the XML that libvirt answers. By hand, because `up` reads a dozen documents and a general parser takes longer
 * to load and to warm up than libvirt to answer; libvirt prints its own documents anew, so their form is narrow: no
 * DOCTYPE, no entities of its own. Whatever else is not understood is an error and never skipped.
 */
import { AzlVmError } from '../../src/errors.ts'

/** A parsed element: attributes, child elements in order, and its own text. */
export class XmlNode {
  readonly name: string
  readonly #attributes: string
  readonly #children: XmlNode[] = []
  #text = ''

  /** `attributes`: the text between the name and the end of the tag. */
  constructor(name: string, attributes: string) {
    this.name = name
    this.#attributes = attributes
  }

  attribute(key: string): string | undefined {
    for (const [, name, single, double] of this.#attributes.matchAll(attributePattern))
      if (name === key) return decoded(single ?? double ?? '')
    return undefined
  }

  /** The text in this element itself, without that of its children. */
  get text(): string {
    return this.#text
  }

  /** Every element at a path below this one: `all('devices', 'disk')`. */
  all(...path: readonly string[]): readonly XmlNode[] {
    return path.reduce<readonly XmlNode[]>(
      (nodes, step) => nodes.flatMap((node) => node.#children.filter((child) => child.name === step)),
      [this],
    )
  }

  /** The first element at a path, where there is one. */
  find(...path: readonly string[]): XmlNode | undefined {
    return this.all(...path)[0]
  }

  get children(): readonly XmlNode[] {
    return this.#children
  }

  append(what: XmlNode | string): void {
    if (typeof what === 'string') this.#text += what
    else this.#children.push(what)
  }
}

/** `<vcpu placement='static'>`; also `version='1.0'` of a declaration. */
const attributePattern = /([^\s=]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g

/** One piece of a document: comment or declaration, CDATA, end tag, start tag, or text. */
const piecePattern =
  /<(?:!--[\s\S]*?--|\?[\s\S]*?\?)>|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<\/(?<end>[^\s<>/]+)\s*>|<(?<start>[^\s<>/!?]+)(?<attributes>(?:\s+[^\s<>=/'"]+\s*=\s*(?:'[^'<]*'|"[^"<]*"))*)\s*(?<empty>\/?)>|(?<text>[^<]+)/y

/** Parses a document and returns its root element. Throws bad-reply where it is none. */
export function parseXml(document: string): XmlNode {
  const top = new XmlNode('', '')
  const open = [top]
  const pattern = new RegExp(piecePattern)
  while (pattern.lastIndex < document.length) {
    const at = pattern.lastIndex
    const piece = pattern.exec(document)
    if (!piece) throw malformed(document, at)
    const { cdata, end, start, attributes = '', empty, text } = piece.groups ?? {}
    const inner = open.at(-1) ?? top
    if (text !== undefined) inner.append(decoded(text))
    else if (cdata !== undefined) inner.append(cdata)
    else if (start !== undefined) {
      const node = new XmlNode(start, attributes)
      inner.append(node)
      if (empty === '') open.push(node)
    } else if (end !== undefined && (open.length === 1 || open.pop()?.name !== end)) throw malformed(document, at)
  }
  const [root, ...others] = top.children
  if (!root || others.length > 0 || open.length > 1 || top.text.trim() !== '')
    throw malformed(document, document.length)
  return root
}

function malformed(document: string, at: number): AzlVmError {
  const where = document.slice(Math.max(0, at - 40), at + 40)
  return new AzlVmError(
    'bad-reply',
    `libvirt answered with XML that cannot be read, at character ${String(at)}: ${where}`,
  )
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** Resolves `&lt;` and `&#10;`; what is no reference stays as it is. */
function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(
    /&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot|apos));/g,
    (whole: string, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return named[name] ?? whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    },
  )
}
