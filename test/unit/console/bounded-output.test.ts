import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { boundedOutput } from '../../../src/console/bounded-output.ts'

const mebibyte = 1024 * 1024

/** A reader that takes nothing until it is told to. */
function stoppedReader() {
  const taken: Buffer[] = []
  let isReading = false
  let take: () => void = () => undefined
  const output = new Writable({
    write(bytes: Buffer, _encoding, done) {
      taken.push(bytes)
      if (isReading) done()
      else take = done
    },
  })
  const readAll = async () => {
    isReading = true
    take()
    await new Promise((resolve) => output.end(resolve))
    return Buffer.concat(taken).toString('latin1')
  }
  return { output, readAll }
}

describe('what a guest says to a reader that stopped', () => {
  it('is kept up to a bound, and what is left out is counted where the text goes on', async () => {
    const { output, readAll } = stoppedReader()
    const write = boundedOutput(output)
    const piece = Buffer.alloc(mebibyte, 'x')
    for (let i = 0; i < 100; i++) write(piece)
    expect(output.writableLength).toBeLessThanOrEqual(9 * mebibyte)
    const text = await readAll()
    expect(text.length).toBe(9 * mebibyte)
  })

  it('goes on after a line that names how much is missing once somebody reads again', async () => {
    const taken: string[] = []
    let waiting = 9 * mebibyte
    const output = new Writable({
      write(bytes: Buffer, _encoding, done) {
        taken.push(bytes.toString())
        done()
      },
    })
    Object.defineProperty(output, 'writableLength', { get: () => waiting })
    const write = boundedOutput(output)
    write(Buffer.from('lost'))
    waiting = 0
    write(Buffer.from('again'))
    expect(taken.join('')).toMatch(/4 bytes left out.*`azl-vm logs`[^]*again$/)
  })
})
