/** The three names of one file: ISO 9660 (upper case, short), Joliet (UCS-2) and Rock Ridge (as given). */

const maxIsoNameChars = 30 // ECMA-119 7.5.1, interchange level 2: name + extension
const maxJolietChars = 64 // Joliet specification, "Joliet allows 64 characters"
const maxRockRidgeBytes = 255 // POSIX NAME_MAX on Linux

/** Half of a UTF-16 pair: no UTF-8 name. `isWellFormed` needs a newer `lib`. */
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Throws RangeError for what no tree can hold: the caller's mistake, not a user's. */
export function checkPathPart(part: string, path: string): void {
  if (part === '' || part === '.' || part === '..' || part.includes('\0') || loneSurrogate.test(part)) {
    throw new RangeError(`'${path}' is no path for an ISO: '${part}' is not a file name`)
  }
  if (Buffer.byteLength(part) > maxRockRidgeBytes) {
    throw new RangeError(`'${path}' is no path for an ISO: a name is longer than ${maxRockRidgeBytes} bytes`)
  }
}

function toDCharacters(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}

function splitExtension(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? { stem: name, extension: '' } : { stem: name.slice(0, dot), extension: name.slice(dot + 1) }
}

/** Gives the first of name, name with 1, 2, ... that is free, and takes it. */
function claim(taken: Set<string>, make: (suffix: string) => string): string {
  for (let number = 0; ; number++) {
    const name = make(number === 0 ? '' : `_${number}`)
    if (taken.has(name.toUpperCase())) continue
    taken.add(name.toUpperCase())
    return name
  }
}

/** A name that is unique among `taken` (upper case), which it joins. Without ";1". */
export function isoName(name: string, isDirectory: boolean, taken: Set<string>): string {
  if (isDirectory)
    return claim(taken, (suffix) => toDCharacters(name).slice(0, maxIsoNameChars - suffix.length) + suffix)
  const parts = splitExtension(name)
  const extension = toDCharacters(parts.extension).slice(0, 8)
  const room = maxIsoNameChars - extension.length
  return claim(taken, (suffix) => `${toDCharacters(parts.stem).slice(0, room - suffix.length)}${suffix}.${extension}`)
}

/** At most 64 UTF-16 units, without the characters that Joliet forbids, unique without regard to case. */
export function jolietName(name: string, taken: Set<string>): string {
  const clean = name.replace(/[*/:;?\\]|\p{Cc}/gu, '_')
  if (clean.length <= maxJolietChars && !taken.has(clean.toUpperCase())) return claim(taken, () => clean)
  const { stem, extension } = splitExtension(clean)
  const tail = extension === '' || extension.length > 16 ? '' : `.${extension}`
  const head = tail === '' ? clean : stem
  return claim(taken, (suffix) => head.slice(0, maxJolietChars - tail.length - suffix.length) + suffix + tail)
}

/** ECMA-119 allows d-characters only, but `cidata` must be lower case: any printable ASCII is written as it is. */
export function checkVolumeLabel(label: string): void {
  if (!/^[\x20-\x7e]{1,32}$/.test(label)) {
    throw new RangeError(`'${label}' is no volume label: 1 to 32 printable ASCII characters`)
  }
}
