import { inflateSync } from 'node:zlib'

export interface Picture {
  readonly width: number
  readonly height: number
  /** How many different colours there are, counted up to a thousand. */
  readonly colours: number
}

/** Decodes a PNG as QEMU writes it (8 bits, no palette, not interlaced); PNG specification, chapters 5, 9 and 11. */
export function readPng(file: Buffer): Picture {
  if (file.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('this is no PNG')
  let header: Buffer | undefined
  const data: Buffer[] = []
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at)
    const body = file.subarray(at + 8, at + 8 + length)
    const type = file.toString('latin1', at + 4, at + 8)
    if (type === 'IHDR') header = body
    if (type === 'IDAT') data.push(body)
    at += length + 12
  }
  if (header === undefined) throw new Error('a PNG without a header')
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth, colourType, interlace] = [header[8], header[9], header[12]]
  const channels = { 0: 1, 2: 3, 4: 2, 6: 4 }[colourType ?? -1]
  if (depth !== 8 || channels === undefined || interlace !== 0) throw new Error('a PNG of a kind that is not read here')
  const pixels = unfilter(inflateSync(Buffer.concat(data)), width * channels, height, channels)
  return { width, height, colours: countColours(pixels, channels) }
}

/** PNG specification 9.2: each line is a filter's number and then the line, filtered. */
function unfilter(raw: Buffer, lineBytes: number, lines: number, step: number): Buffer {
  const out = Buffer.alloc(lineBytes * lines)
  for (let line = 0; line < lines; line += 1) {
    const filter = raw[line * (lineBytes + 1)] ?? 0
    for (let x = 0; x < lineBytes; x += 1) {
      const at = line * lineBytes + x
      const left = x >= step ? (out[at - step] ?? 0) : 0
      const above = line > 0 ? (out[at - lineBytes] ?? 0) : 0
      const corner = line > 0 && x >= step ? (out[at - lineBytes - step] ?? 0) : 0
      out[at] = (raw[line * (lineBytes + 1) + 1 + x] ?? 0) + predicted(filter, left, above, corner)
    }
  }
  return out
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return Math.floor((left + above) / 2)
  const guess = left + above - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? above : corner
}

function countColours(pixels: Buffer, channels: number): number {
  const seen = new Set<number>()
  for (let at = 0; at < pixels.length && seen.size < 1000; at += channels) {
    seen.add(channels >= 3 ? pixels.readUIntBE(at, 3) : (pixels[at] ?? 0))
  }
  return seen.size
}
