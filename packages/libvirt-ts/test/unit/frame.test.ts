import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../src/index.ts'
import { FrameReader, headerBytes, writeHeader } from '../../src/rpc/frame.ts'
import type { Frame } from '../../src/rpc/frame.ts'
import { randomNumbers } from '../support/random.ts'

const header = { program: 0x20008086, version: 1, procedure: 23, type: 1, serial: 7, status: 0 }

function frame(payload: Buffer, serial = 7): Buffer {
  return Buffer.concat([writeHeader(Buffer.alloc(headerBytes), { ...header, serial }, payload.length), payload])
}

function readAll(chunks: readonly Buffer[]): Frame[] {
  const reader = new FrameReader()
  const frames: Frame[] = []
  for (const chunk of chunks) reader.push(chunk, (found) => frames.push(found))
  return frames
}

const lengthWord = (length: number): Buffer => {
  const word = Buffer.alloc(4)
  word.writeUInt32BE(length)
  return word
}

describe('frames', () => {
  it('are a length that counts itself, six words and a payload', () => {
    expect(frame(Buffer.from('cafe', 'hex')).toString('hex')).toBe(
      ['0000001e', '20008086', '00000001', '00000017', '00000001', '00000007', '00000000', 'cafe'].join(''),
    )
  })

  it('come out whole however the bytes arrive', () => {
    const sent = [0, 1, 5, 70_000, 0, 300_000, 1_200_000].map((size, index) => frame(Buffer.alloc(size, index), index))
    const bytes = Buffer.concat(sent)
    const random = randomNumbers(1)
    for (let round = 0; round < 8; round += 1) {
      const chunks: Buffer[] = []
      const largest = [3, 2000, 70_000, 1_000_000][round % 4] ?? 1
      for (let at = 0; at < bytes.length;) {
        const size = 1 + random(round % 4 === 0 && at > 1000 ? 100_000 : largest)
        chunks.push(bytes.subarray(at, at + size))
        at += size
      }
      const frames = readAll(chunks)
      expect(frames.map(({ serial, payload }) => [serial, payload.length])).toEqual(
        sent.map((whole, index) => [index, whole.length - headerBytes]),
      )
      expect(frames.every(({ serial, payload }) => payload.equals(Buffer.alloc(payload.length, serial)))).toBe(true)
    }
  })

  it.each([0, 1, 4, headerBytes - 1, 32 * 1024 * 1024 + 5, 0x7fffffff, 0xffffffff])(
    'of a claimed length of %i end in a typed error, also where the length comes byte by byte',
    (length) => {
      expect(() => readAll([lengthWord(length)])).toThrow(ProtocolError)
      expect(() => readAll([...lengthWord(length)].map((byte) => Buffer.of(byte)))).toThrow(ProtocolError)
    },
  )

  it('that claim much and bring little reserve little', () => {
    const reader = new FrameReader()
    reader.push(lengthWord(32 * 1024 * 1024), () => undefined)
    reader.push(Buffer.alloc(100), () => undefined)
    expect(reader.reservedBytes).toBeLessThanOrEqual(1 << 20)
    for (let index = 0; index < 3000; index += 1) reader.push(Buffer.alloc(1000), () => undefined)
    expect(reader.reservedBytes).toBeLessThanOrEqual(2 * 3_100_104)
  })

  it('larger than libvirt takes are not sent', () => {
    expect(() => writeHeader(Buffer.alloc(headerBytes), header, 32 * 1024 * 1024)).toThrow(ProtocolError)
  })

  it('of random bytes end in a typed error or in waiting, never in anything else', () => {
    const random = randomNumbers(42)
    for (let round = 0; round < 1000; round += 1) {
      const bytes = Buffer.from(Array.from({ length: 4 + random(200) }, () => random(256)))
      if (round % 2 === 0) bytes.writeUInt32BE(random(200), 0)
      try {
        readAll([bytes])
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError)
      }
    }
  })
})
