/** What one `up` may ask of VBoxManage, each call with what it is for. */
import { countNames, type CallOfUp } from './calls-of-up.ts'

/** Of a machine with one disk and one network card with NAT, until it runs; VBoxHeadless comes before the last. */
export const callsUntilItRuns: readonly CallOfUp[] = [
  { call: '--version', times: 1, why: 'what it is; VirtualBox itself is not asked' },
  { call: 'list --multiple', times: 1, why: 'the host: where machines lie, its networks, the most that a guest gets' },
  {
    call: 'list --long',
    times: 2,
    why: 'whether the name is free; and beside `modifyvm`, whether somebody without our lock took it meanwhile',
  },
  { call: 'createvm', times: 1, why: 'the anchor, in a group of the run’s name, with its UUID' },
  { call: 'modifyvm', times: 1, why: 'all that it is, and the mark' },
  { call: 'storagectl', times: 1, why: 'the controller' },
  { call: 'createmedium', times: 1, why: 'the disk, whose file no other call makes' },
  { call: 'storageattach', times: 3, why: 'the drive for a seed, the disk, the medium with its drive' },
  { call: 'controlvm resume', times: 1, why: 'it was started paused, and its serial port is listened to' },
]

/** Of the same one from then on: it waits for the probe in between. */
export const callsUntilItIsReady: readonly CallOfUp[] = [
  { call: 'setextradata', times: 2, why: 'the mark when it boots, and when it is ready' },
  { call: 'showvminfo', times: 2, why: 'the whole description, and its address, at the end' },
]

/** How often each was made. */
export function countCalls(calls: readonly string[]): Readonly<Record<string, number>> {
  return countNames(calls.map((words) => nameOf(words.split(' '))))
}

/** Lists and orders to a machine that runs are as many calls as there are of them. */
function nameOf([verb = '', first = '', second = '']: readonly string[]): string {
  if (verb === 'list') return `${verb} ${first}`
  return verb === 'controlvm' ? `${verb} ${second}` : verb
}
