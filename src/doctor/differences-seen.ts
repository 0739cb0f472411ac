import type { ProbeReport } from 'boot-probe'
import { formatBytes } from '../format-bytes.ts'
import type { Difference } from '../provider/machine.ts'
import type { SpecMachine } from '../spec/schema.ts'

/** Where a guest sees something else than its spec asks for. `macs`: what its network cards were given. */
export function differencesSeen(
  asked: SpecMachine,
  macs: readonly string[],
  probe: ProbeReport,
): readonly Difference[] {
  const { firmware, disks } = asked
  const pairs: readonly (readonly [key: string, wanted: string, found: string])[] = [
    ['machine.cpus', String(asked.cpus), String(probe.processors)],
    ['machine.memory', formatBytes(asked.memory), formatBytes(probe.memoryBytes)],
    ['machine.disks', sizes(disks.map(({ size }) => size)), sizes(probe.disks.map(({ sizeBytes }) => sizeBytes))],
    // Which card the firmware names first is its own affair.
    ['machine.networks', list(macs.toSorted()), list(probe.nics.map(({ mac }) => mac).toSorted())],
    ['machine.firmware.secureBoot', onOff(firmware.secureBoot === true), onOff(probe.secureBoot === true)],
    ['machine.firmware.tpm', onOff(firmware.tpm), onOff(probe.tpm.isPresent)],
    ['source', 'booted from an optical drive', bootedFrom(probe)],
  ]
  return pairs.flatMap(([key, wanted, found]) => (wanted === found ? [] : [{ key, wanted, found }]))
}

function bootedFrom({ opticalDrives }: ProbeReport): string {
  return opticalDrives.some(({ isBooted }) => isBooted) ? 'booted from an optical drive' : 'booted from elsewhere'
}

function sizes(bytes: readonly number[]): string {
  return list(bytes.map(formatBytes))
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'none' : texts.join(', ')
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off'
}
