import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createProbeReader } from '../../src/index.ts'
import { closingLine, makeTranscript } from './transcript.ts'

/** The whole serial output of QEMU 7.2 (q35, 512 MiB, two drives, one of them empty) with Debian 12's OVMF. */
const real = readFileSync(new URL('../fixtures/q35-poweroff.serial.txt', import.meta.url))

function readAll(chunks: readonly (Uint8Array | string)[]) {
  const reader = createProbeReader()
  for (const chunk of chunks) reader.feed(chunk)
  return reader
}

describe('createProbeReader', () => {
  it('reads the report of a real boot between the firmware’s own text', () => {
    const reader = readAll([real])
    expect(reader.problem).toBeUndefined()
    expect(reader.state).toBe('complete')
    expect(reader.report).toMatchObject({
      arch: 'x86_64',
      hasSettings: true,
      firmware: { vendor: 'EDK II', revision: 65536, uefiVersion: '2.7' },
      system: { manufacturer: 'QEMU', uuid: '00000000-0000-0000-0000-000000000000' },
      secureBoot: false,
      setupMode: true,
      memoryBytes: 512 * 1024 * 1024,
      processors: 2,
      tpm: { isPresent: false, acpiTable: null },
      disks: [],
      nics: [],
      then: 'poweroff',
      droppedBytes: 0,
    })
    expect(reader.report?.acpiTables).toContain('APIC')
    expect(
      reader.report?.opticalDrives.map(({ label, isMediaPresent, isBooted, bus }) => [
        label,
        isMediaPresent,
        isBooted,
        bus,
      ]),
    ).toEqual([
      ['AZLPROBE', true, true, 'sata'],
      [null, false, false, 'sata'],
    ])
    expect(reader.report?.bootedFrom.file).toBe('\\EFI\\BOOT\\BOOTX64.EFI')
    expect(reader.report?.bootOrder[0]).toBe('0000')
  })

  it('reads TPM, NVMe and virtio devices, and the machine’s UUID', () => {
    const { report } = readAll([readFileSync(new URL('../fixtures/q35-tpm-nvme-virtio.serial.txt', import.meta.url))])
    expect(report?.system?.uuid).toBe('01234567-89ab-cdef-0123-456789abcdef')
    expect(report?.tpm).toMatchObject({ isPresent: true, manufacturer: 'IBM', acpiTable: 'TPM2', startMethod: 7 })
    expect(report?.disks.map(({ bus, sizeBytes }) => [bus, sizeBytes])).toEqual([
      ['nvme', 3 * 1024 ** 3],
      ['virtio', 100 * 1024 ** 2],
    ])
  })

  it('reads the report of an aarch64 machine from either of its two serial ports', () => {
    const [firmware, system] = ['virt-poweroff.serial.txt', 'virt-poweroff.system.serial.txt'].map((name) =>
      readAll([readFileSync(new URL(`../fixtures/${name}`, import.meta.url))]),
    )
    expect(firmware?.report).toMatchObject({
      arch: 'aarch64',
      uart: 'mmio:0x09000000',
      systemPort: 'pci:1b36:0002',
      memoryBytes: 512 * 1024 * 1024,
      processors: 2,
      opticalDrives: [{ label: 'AZLPROBE', bus: 'scsi', isBooted: true }],
      bootedFrom: { file: '\\EFI\\BOOT\\BOOTAA64.EFI' },
    })
    expect(system?.report).toEqual(firmware?.report)
  })

  it('reads the same report byte by byte', () => {
    const whole = readAll([real]).report
    expect(readAll([...real].map((byte) => Uint8Array.of(byte))).report).toEqual(whole)
  })

  it('notices every single lost byte of the lines', () => {
    const text = makeTranscript()
    for (let at = 0; at < text.length; at++) {
      if ('\r\n'.includes(text.charAt(at))) continue
      const reader = readAll([text.slice(0, at) + text.slice(at + 1)])
      reader.end()
      expect(reader.state, `without byte ${String(at)} (${text.slice(at - 5, at + 5)})`).not.toBe('complete')
    }
  })

  it('notices a changed byte that leaves the JSON valid', () => {
    const reader = readAll([makeTranscript().replace('"total":2', '"total":3')])
    expect(reader.state).toBe('damaged')
    expect(reader.problem).toMatch(/checksum/)
  })

  it('notices a lost line and says which', () => {
    const lines = makeTranscript().split('\r\n')
    const reader = readAll([lines.filter((_, index) => index !== 2).join('\r\n')])
    expect([reader.state, reader.problem]).toEqual(['damaged', 'line 2 was expected and line 3 came'])
  })

  it('says at the end of the port that the closing line is missing', () => {
    const reader = readAll([makeTranscript().split('\r\n').slice(0, -2).join('\r\n')])
    expect(reader.state).toBe('reading')
    reader.end()
    expect([reader.state, reader.problem]).toEqual([
      'damaged',
      'the report ended after line 4, without its closing line',
    ])
  })

  it('begins anew when the machine boots again', () => {
    const damaged = makeTranscript().replace('"total":2', '"total":3')
    const reader = readAll([damaged, makeTranscript()])
    expect(reader.state).toBe('complete')
    expect(reader.report?.processors).toBe(2)
  })

  it('finds a line behind text of the firmware without a line end', () => {
    expect(readAll([`BdsDxe: starting Boot0001\u001b[2J${makeTranscript()}`]).state).toBe('complete')
  })

  it('is never upset by garbage', () => {
    const garbage = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) & 0xff)
    const reader = readAll([garbage, '{"azl":', '"azl":"probe"}\n', 'x'.repeat(1024 * 1024), '\n', 'null\n'])
    expect(reader.state).toBe('none')
    reader.feed('{"azl":"probe",null}\r\n')
    expect(reader.state).toBe('damaged')
    reader.feed(makeTranscript())
    expect(reader.state).toBe('complete')
  })

  it('tells a whole flood from one that lost a line', () => {
    const flood = [
      '{"azl":"probe","v":1,"seq":6,"type":"flood","index":0,"fill":"xx"}',
      '{"azl":"probe","v":1,"seq":7,"type":"flood","index":1,"fill":"xx"}',
    ]
    const end = closingLine(flood, '{"azl":"probe","v":1,"seq":8,"type":"flood-end","count":2,"droppedBytes":0')
    const whole = readAll([makeTranscript('wait'), ...[...flood, end].map((line) => `${line}\r\n`)])
    expect(whole.answers).toEqual([{ type: 'flood-end', sentLines: 2, receivedLines: 2, isWhole: true }])
    const cut = readAll([makeTranscript('wait'), ...[flood[0], end].map((line) => `${String(line)}\r\n`)])
    expect([cut.state, cut.report?.then]).toEqual(['damaged', 'wait'])
  })

  it('keeps the answers of a waiting probe', () => {
    const reader = readAll([makeTranscript('wait'), '{"azl":"probe","v":1,"seq":6,"type":"pong","text":"ping 1"}\r\n'])
    expect(reader.report?.then).toBe('wait')
    expect(reader.answers).toEqual([{ type: 'pong', text: 'ping 1' }])
  })
})
