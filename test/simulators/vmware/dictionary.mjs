// @ts-check
// VMware's dictionary files (.vmx, .vmsd), read and written as open-vm-tools' lib/dict/dictll.c does, and not by azl-vm's code.

/** @typedef {Map<string, { key: string, value: string }>} Dictionary by the key in lower case, in the order of the file */

/** What VMware says of a file that it cannot take. */
export class DictionaryError extends Error {}

/** @param {string} text @returns {Dictionary} */
export function readDictionary(text) {
  /** @type {Dictionary} */
  const entries = new Map()
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\r$/, '')
    if (/^[ \t]*(?:#.*)?$/.test(line) || line.startsWith('#!')) continue
    const entry = readLine(line)
    if (entry === undefined) throw new DictionaryError(`line ${index + 1}: Syntax error.`)
    const [key, value] = entry
    if (entries.has(key.toLowerCase()))
      throw new DictionaryError(`line ${index + 1}: Variable "${key}" is already defined.`)
    entries.set(key.toLowerCase(), { key, value })
  }
  return entries
}

/** @param {string} line @returns {readonly [string, string] | undefined} */
function readLine(line) {
  const [head, key] = /^[ \t]*([^ \t=#]+)[ \t]*=[ \t]*/.exec(line) ?? []
  if (head === undefined || key === undefined) return undefined
  const rest = line.slice(head.length)
  if (!rest.startsWith('"')) {
    const bare = /^([^ \t#]*)[ \t]*(?:#.*)?$/.exec(rest)?.[1]
    return bare === undefined ? undefined : [key, undo(bare)]
  }
  const end = rest.indexOf('"', 1)
  if (end < 0 || !/^[ \t]*(?:#.*)?$/.test(rest.slice(end + 1))) return undefined
  return [key, undo(rest.slice(1, end))]
}

/** @param {string} value */
function undo(value) {
  return value.replace(/\|([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** @param {Dictionary} entries */
export function writeDictionary(entries) {
  return [...entries.values()].map(({ key, value }) => `${key} = "${doEscape(value)}"\n`).join('')
}

/** @param {string} value */
function doEscape(value) {
  let escaped = ''
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0
    const isPlain = character !== '"' && character !== '|' && code !== 0x7f && (code >= 0x20 || code === 9)
    escaped += isPlain ? character : `|${code.toString(16).padStart(2, '0').toUpperCase()}`
  }
  return escaped
}

/** @param {Dictionary} entries @param {string} key */
export const valueOf = (entries, key) => entries.get(key.toLowerCase())?.value

/** @param {Dictionary} entries @param {string} key */
export const isTrue = (entries, key) => valueOf(entries, key)?.toUpperCase() === 'TRUE'

/** @param {Dictionary} entries @param {string} key @param {string} value */
export function setValue(entries, key, value) {
  entries.set(key.toLowerCase(), { key: entries.get(key.toLowerCase())?.key ?? key, value })
}
