import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { pngOfRgb565 } from '../../../providers/hyperv/rgb565.ts'

test('a picture of 16-bit pixels becomes a PNG of the same colours', () => {
  const pixels = Buffer.alloc(6 * 2 + 4)
  ;[0xf800, 0x07e0, 0x001f, 0xffff, 0x0000, 0x8410].forEach((pixel, at) => pixels.writeUInt16LE(pixel, at * 2))
  const { width, height, channels, data } = decode(pngOfRgb565(3, 2, pixels))
  expect([width, height, channels]).toEqual([3, 2, 3])
  expect([...data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 132, 130, 132])
})

test('a picture that is cut off is told', () => {
  expect(() => pngOfRgb565(2, 2, Buffer.alloc(7))).toThrow(/2x2 in 7 bytes/)
  expect(() => pngOfRgb565(0, 0, Buffer.alloc(7))).toThrow(/0x0/)
})
