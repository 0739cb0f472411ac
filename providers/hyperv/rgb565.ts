/** Hyper-V's picture of a screen as PNG. */
import { encode } from 'fast-png'
import { AzlVmError } from '../../src/errors.ts'

const bytesPerPixel = 2

/**
 * `pixels`: rows from the top, 16 bits each, little-endian, five bits red, six green, five blue (seen so by petri of
 * microsoft/openvmm); what is beyond the picture's size is left out.
 */
export function pngOfRgb565(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const count = width * height
  if (count === 0 || pixels.length < count * bytesPerPixel)
    throw new AzlVmError('bad-reply', `Hyper-V sent a picture of ${width}x${height} in ${pixels.length} bytes`)
  const data = new Uint8Array(count * 3)
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength)
  for (let at = 0; at < count; at += 1) {
    const pixel = view.getUint16(at * bytesPerPixel, true)
    data.set([scaled(pixel >> 11, 31), scaled((pixel >> 5) & 63, 63), scaled(pixel & 31, 31)], at * 3)
  }
  return encode({ width, height, data, channels: 3 })
}

/** White stays white. */
function scaled(value: number, most: number): number {
  return Math.round((value * 255) / most)
}
