import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BootStageWatch, serialLine } from '../../../src/console/boot-stages.ts'
import { Transcript } from '../../../src/console/transcript.ts'
import { temporaryFolder } from '../../support/run-cli.ts'

const MiB = 1024 ** 2

describe('a transcript', () => {
  test('of 100 MiB is complete in its file, and memory stays bounded', async () => {
    const file = join(await temporaryFolder(), 'serial.log')
    const transcript = new Transcript(file)
    let listened = 0
    transcript.onText((text) => {
      listened += text.length
    })
    const chunk = Buffer.alloc(64 * 1024, 'no line end ')
    const [written, read] = [createHash('sha256'), createHash('sha256')]
    const before = process.memoryUsage()
    for (let index = 0; index < (100 * MiB) / chunk.length; index++) {
      chunk.writeUInt32BE(0x30303030 + (index % 8), 0)
      transcript.write(chunk)
      written.update(chunk)
    }
    const grown = process.memoryUsage().heapUsed + process.memoryUsage().external - before.heapUsed - before.external
    expect(grown).toBeLessThan(64 * MiB)
    expect(transcript.lastLines(3).join('').length).toBeLessThan(1000)
    transcript.close()
    expect([transcript.bytes, listened, (await stat(file)).size]).toEqual([100 * MiB, 100 * MiB, 100 * MiB])
    for await (const bytes of createReadStream(file)) read.update(bytes as Buffer)
    expect(read.digest('hex')).toBe(written.digest('hex'))
  })

  test('hands text on whole where a character arrives in pieces, and keeps the bytes as they are', async () => {
    const transcript = new Transcript(join(await temporaryFolder(), 'serial.log'))
    let heard = ''
    const stop = transcript.onText((text) => {
      heard += text
    })
    for (const byte of Buffer.from('Grüße €\n')) transcript.write(Uint8Array.of(byte))
    expect(heard).toBe('Grüße €\n')
    stop()
    transcript.write(Buffer.from('later'))
    expect(heard).toBe('Grüße €\n')
    transcript.close()
  })

  test('shows its last lines without terminal sequences and empty ones, safe to print', async () => {
    const transcript = new Transcript(join(await temporaryFolder(), 'serial.log'))
    transcript.write(Buffer.from('first\r\n\r\n\u001b[2J\u001b[01;01Hsecond\u0007\r\nthird'))
    expect(transcript.lastLines(2)).toEqual([expect.stringMatching(/^second/), 'third'])
    expect(transcript.lastLines(9).join('')).not.toContain('\u0007')
    transcript.close()
  })
})

describe('boot stages', () => {
  const lines = [
    ['firmware', 'BdsDxe: loading Boot0001 "UEFI QEMU DVD-ROM QM00005 " from PciRoot(0x0)'],
    ['boot probe', '{"azl":"probe","v":1,"seq":0,"type":"begin"}'],
    ['bootloader', 'GNU GRUB  version 2.06-13+deb12u1'],
    ['kernel', '[    0.000000] Linux version 6.1.0-56-amd64'],
    ['initramfs', 'Run /init as init process'],
    ['userland', 'systemd[1]: Detected architecture x86-64.'],
    ['login', 'azl4-eval login: '],
  ] as const

  test('are each told once, in their order, with the line that shows them, wherever the text is cut', () => {
    const text = `${lines.map(([, line]) => line).join('\r\n')}\r\nBdsDxe: again\r\n`
    for (const size of [1, 2, 3, 7, 50, text.length]) {
      const seen: string[] = []
      const watch = new BootStageWatch(({ stage }) => seen.push(stage))
      for (let at = 0; at < text.length; at += size) watch.feed(text.slice(at, at + size))
      expect(seen).toEqual(lines.map(([stage]) => stage))
      expect(watch.reached).toBe('login')
    }
  })

  test('a login prompt counts before its line ends', () => {
    const watch = new BootStageWatch(() => undefined)
    watch.feed('azl4-eval login: ')
    expect(watch.reached).toBe('login')
  })

  test('nothing heard is said as such, and a line without end does not grow', () => {
    const watch = new BootStageWatch(() => undefined)
    expect(watch.reached).toContain('nothing was heard')
    for (let index = 0; index < 100; index++) watch.feed('x'.repeat(10_000))
    expect(watch.reached).toContain('nothing was heard')
  })

  test('a line is shown without terminal sequences, and not longer than a terminal is wide', () => {
    expect(serialLine('\u001b[1mbold\u001b[0m \u001b[=3h text  ')).toBe('bold  text')
    expect(serialLine('x'.repeat(5000))).toHaveLength(300)
  })
})
