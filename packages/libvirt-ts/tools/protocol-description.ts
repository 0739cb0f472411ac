/**
 * Reads libvirt's protocol description (`.x` files, the language of rpcgen) and the enumerations of its C headers
 * into plain facts: numbers by name, structures as ordered fields. Nothing of them is kept in this repository.
 */

export interface Field {
  readonly type: string
  readonly name: string
  /** `<LIMIT>` or `[32]`; empty where there is neither. */
  readonly suffix: string
}

export interface Facts {
  /** Constants and members of enumerations. */
  readonly numbers: ReadonlyMap<string, number>
  readonly structs: ReadonlyMap<string, readonly Field[]>
  /** What follows each number, under the number's name. */
  readonly unions: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** `typedef a *b` as b to a: an optional a. */
  readonly optionals: ReadonlyMap<string, string>
  /** Other typedefs, as written: `opaque[VIR_UUID_BUFLEN]`, `string<REMOTE_STRING_MAX>`. */
  readonly typedefs: ReadonlyMap<string, string>
}

/** `descriptions` are `.x` files; of `headers` only constants and enumerations are read. */
export function readDescription(descriptions: readonly string[], headers: readonly string[] = []): Facts {
  const numbers = new Map<string, number>()
  const structs = new Map<string, readonly Field[]>()
  const unions = new Map<string, Readonly<Record<string, string>>>()
  const optionals = new Map<string, string>()
  const typedefs = new Map<string, string>()
  for (const text of [...headers, ...descriptions].map(withoutComments)) {
    for (const [, body = ''] of text.matchAll(/\benum\s+\w*\s*\{([^}]*)\}/g)) readEnum(body, numbers)
  }
  for (const text of descriptions.map(withoutComments)) {
    for (const [, name = '', value = ''] of text.matchAll(/^\s*const\s+(\w+)\s*=\s*(\w+)\s*;/gm)) {
      if (Number.isInteger(Number(value))) numbers.set(name, Number(value))
    }
    // struct remote_connect_open_args { remote_string name; unsigned int flags; };
    for (const [, name = '', body = ''] of text.matchAll(/\bstruct\s+(\w+)\s*\{([^}]*)\}/g)) {
      structs.set(name, readFields(body))
    }
    // union remote_typed_param_value switch (int type) { case VIR_TYPED_PARAM_INT: int i; };
    for (const [, name = '', body = ''] of text.matchAll(/\bunion\s+(\w+)\s+switch\s*\(int \w+\)\s*\{([^}]*)\}/g)) {
      const cases = [...body.matchAll(/case\s+(\w+)\s*:\s*([^;]+?)\s+\w+\s*;/g)]
      unions.set(name, Object.fromEntries(cases.map(([, kind = '', type = '']) => [kind, type])))
    }
    for (const [, type = '', star, name = '', suffix = ''] of text.matchAll(
      /\btypedef\s+(\w+)\s+(\*?)\s*(\w+)\s*((?:<\w*>|\[\w+\])?)\s*;/g,
    )) {
      if (star === '*') optionals.set(name, type)
      else typedefs.set(name, `${type}${suffix}`)
    }
  }
  return { numbers, structs, unions, optionals, typedefs }
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/^%.*$/gm, '')
}

/** Members with a value that is a number, a shift, or another member; others count up. */
function readEnum(body: string, numbers: Map<string, number>): void {
  let next = 0
  for (const part of body.replace(/^\s*#.*$/gm, '').split(',')) {
    const match = /^\s*(\w+)\s*(?:=\s*([^=]+?))?\s*$/.exec(part)
    if (match === null) continue
    const [, name = '', expression] = match
    const value = expression === undefined ? next : evaluate(expression, numbers)
    if (value === undefined) continue
    numbers.set(name, value)
    next = value + 1
  }
}

function evaluate(expression: string, numbers: ReadonlyMap<string, number>): number | undefined {
  const text = expression.replace(/[()\s]/g, '')
  const shift = /^(\d+)U?<<(\d+)$/.exec(text)
  if (shift !== null) return Number(shift[1]) << Number(shift[2])
  if (/^-?(?:0x[0-9a-f]+|\d+)$/i.test(text)) return Number(text)
  return numbers.get(text)
}

function readFields(body: string): readonly Field[] {
  return body
    .split(';')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '')
    .map((line) => {
      // unsigned hyper allocation | remote_nonnull_domain domains<MAX> | char model[32]
      const match = /^(.+?) (\w+) ?(<\w*>|\[\w+\])?$/.exec(line)
      if (match === null) throw new Error(`a field that cannot be read: '${line}'`)
      const [, type = '', name = '', suffix = ''] = match
      return { type: type === 'unsigned' ? 'unsigned int' : type, name, suffix }
    })
}
