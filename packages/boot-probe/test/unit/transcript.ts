import { crc32 } from 'node:zlib'

/** A closing line with the checksum as efi/line.h defines it. `start`: the line without checksum and last brace. */
export function closingLine(lines: readonly string[], start: string): string {
  const digest = crc32([...lines, start].join('\n'))
  return `${start},"crc32":"${digest.toString(16).toUpperCase().padStart(8, '0')}"}`
}

/** A small whole report: six lines, "\r\n" after each. */
export function makeTranscript(then: 'poweroff' | 'wait' = 'poweroff'): string {
  const bodies = [
    '"type":"begin","arch":"x86_64","uart":"io:0x3f8","settings":true',
    '"type":"firmware","vendor":"Test \\u00e9","revision":7,"uefiMajor":2,"uefiMinor":31',
    '"type":"memory","ramBytes":1000,"freeBytes":10,"devicesBytes":null,"mappedBytes":null',
    '"type":"processors","total":2,"enabled":2,"inMadt":2',
    '"type":"nic","index":0,"mac":"52:54:00:12:34:56","link":null,"path":null',
  ]
  const lines = bodies.map((body, seq) => `{"azl":"probe","v":1,"seq":${String(seq)},${body}}`)
  const end = closingLine(
    lines,
    `{"azl":"probe","v":1,"seq":5,"type":"end","count":5,"droppedBytes":0,"then":"${then}"`,
  )
  return [...lines, end].map((line) => `${line}\r\n`).join('')
}
