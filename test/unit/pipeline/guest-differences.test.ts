import { readFile } from 'node:fs/promises'
import { createProbeReader, type ProbeReport } from 'boot-probe'
import { expect, test } from 'vitest'
import { guestDifferences } from '../../../src/pipeline/guest-differences.ts'

async function reportOf(serial: string): Promise<ProbeReport> {
  const reader = createProbeReader()
  const fixtures = '../../../packages/boot-probe/test/fixtures/'
  reader.feed(await readFile(new URL(`${fixtures}${serial}.serial.txt`, import.meta.url)))
  return reader.report!
}

const q35 = await reportOf('q35-tpm-nvme-virtio')

const shown = (...reports: readonly ProbeReport[]) =>
  guestDifferences(reports).differences.map(({ what, values }) => [what, ...values])

test('two boots of one machine show no difference; addresses, ids and the order of tables are none', () => {
  const again = {
    ...q35,
    system: { ...q35.system!, uuid: 'another', serial: 'another' },
    nics: q35.nics.map((nic) => ({ ...nic, mac: '52:54:00:00:00:01' })),
    acpiTables: q35.acpiTables.toReversed(),
  }
  expect(shown(q35, again)).toEqual([])
})

test('memory is compared by one measure that all firmwares tell, not by the best of each', () => {
  const untold = {
    ...q35,
    memoryBytes: q35.memory.ramBytes,
    memory: { ...q35.memory, devicesBytes: null, mappedBytes: null },
  }
  expect(q35.memoryBytes).not.toBe(untold.memoryBytes)
  expect(shown(q35, untold)).toEqual([])
})

test('what one firmware does not tell is no difference', () => {
  expect(shown(q35, { ...q35, setupMode: null, system: null })).toEqual([])
})

test('what differs is named, with the value of each', () => {
  const other: ProbeReport = {
    ...q35,
    secureBoot: true,
    acpiTables: [...q35.acpiTables, 'SLIT'],
    disks: q35.disks.map((disk) => ({ ...disk, bus: 'sata' })),
  }
  expect(shown(q35, other, q35)).toEqual([
    ['Secure Boot', 'off', 'on', 'off'],
    ...q35.disks.map(({ bus }, index) => [`disk ${String(index)}, bus`, bus, 'sata', bus]),
    ['ACPI table SLIT', 'no', 'yes', 'no'],
  ])
})

test('two real machines: another architecture, another firmware', async () => {
  const virt = await reportOf('virt-poweroff')
  const found = guestDifferences([q35, virt])
  expect(found.differences).toContainEqual({ what: 'architecture', values: ['x86_64', 'aarch64'] })
  expect(found.same.map(({ what }) => what)).toContain('UEFI version')
})
