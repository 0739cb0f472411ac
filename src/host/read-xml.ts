/** Reads XML that a hypervisor wrote. What is no XML, or more than hypervisors write, is an error and never skipped. */
import sax from 'sax'
import { AzlVmError } from '../errors.ts'

/** A parsed element: attributes, child elements in order, and its own text. */
export class XmlNode {
  readonly name: string
  readonly #attributes: ReadonlyMap<string, string>
  readonly #children: XmlNode[] = []
  #text = ''

  constructor(name: string, attributes: ReadonlyMap<string, string>) {
    this.name = name
    this.#attributes = attributes
  }

  attribute(key: string): string | undefined {
    return this.#attributes.get(key)
  }

  get attributes(): ReadonlyMap<string, string> {
    return this.#attributes
  }

  get children(): readonly XmlNode[] {
    return this.#children
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

  append(what: XmlNode | string): void {
    if (typeof what === 'string') this.#text += what
    else this.#children.push(what)
  }
}

/** Parses a document and returns its root element. Throws bad-reply where it is none; `whose` says where it is from. */
export function readXml(document: string, whose: string): XmlNode {
  const roots: XmlNode[] = []
  const open: XmlNode[] = []
  const parser = sax.parser(true)
  const malformed = (why: string): AzlVmError => new AzlVmError('bad-reply', `${whose} cannot be read: ${why}`)
  const append = (text: string): void => open.at(-1)?.append(text)
  parser.onerror = (error) => {
    throw malformed(error.message.split('\n').join(', '))
  }
  parser.ondoctype = () => {
    throw malformed('it has a document type')
  }
  parser.onopentag = ({ name, attributes }) => {
    const node = new XmlNode(name, new Map(Object.entries(attributes as Record<string, string>)))
    const above = open.at(-1)
    if (above) above.append(node)
    else roots.push(node)
    open.push(node)
  }
  parser.onclosetag = () => {
    open.pop()
  }
  parser.ontext = append
  parser.oncdata = append
  parser.write(document).close()
  const [root, ...others] = roots
  if (!root || others.length > 0) throw malformed('it has not exactly one element at its top')
  return root
}
