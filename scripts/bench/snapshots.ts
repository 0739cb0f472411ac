/** A snapshot of a machine that runs, with its memory, and the way back; against `virsh save` and `virsh restore`. */
import { join } from 'node:path'
import { isInstalled, load, median, medianRatio } from './measure.ts'
import { peerMs, toolMs } from './machine-time.ts'
import { seconds, times, type Part, type Row } from './report.ts'
import { machineSize, type World } from './world.ts'

const name = 'bench-life'
const title = 'Snapshot with memory, and back'

export async function measureSnapshots(world: World, rounds: number): Promise<Part> {
  if (!isInstalled('virsh'))
    return { title, rows: [], skipped: 'virsh is not installed (apt-get install libvirt-clients)' }
  const file = join(world.folder, 'peer.save')
  await toolMs(world, 'up', await world.spec(name, 'emulated'))
  try {
    const ours = { hold: [] as number[], back: [] as number[] }
    const theirs = { hold: [] as number[], back: [] as number[] }
    for (let round = -1; round < rounds; round++) {
      const hold = await toolMs(world, 'snapshot', 'create', name, 'held')
      const save = await peerMs(world, 'virsh', 'save', name, file)
      const restore = await peerMs(world, 'virsh', 'restore', file)
      const back = await toolMs(world, 'snapshot', 'restore', name, 'held')
      await toolMs(world, 'snapshot', 'delete', name, 'held')
      if (round < 0) continue
      ours.hold.push(hold)
      ours.back.push(back)
      theirs.hold.push(save)
      theirs.back.push(restore)
    }
    return { title, rows: rowsOf(ours, theirs) }
  } finally {
    await world.destroy(name)
  }
}

interface Spent {
  readonly hold: readonly number[]
  readonly back: readonly number[]
}

function rowsOf(ours: Spent, theirs: Spent): readonly Row[] {
  const both = ({ hold, back }: Spent): readonly number[] => hold.map((ms, index) => ms + (back[index] ?? Number.NaN))
  const row = (what: string, own: readonly number[], their: readonly number[], note: string): Row => ({
    what,
    value: times(medianRatio(own, their)),
    detail: `${seconds(median(own))} against ${seconds(median(their))}; ${note}; ${String(own.length)} rounds, load ${load().toFixed(1)}`,
  })
  const size = `a probe that waits in ${String(machineSize.memoryMib)} MiB, the tool’s process included`
  return [
    row('snapshot create / virsh save and restore', ours.hold, both(theirs), `after both the guest runs on; ${size}`),
    row('snapshot restore / virsh restore', ours.back, theirs.back, 'ours ends the running guest first'),
    row('both / virsh save and restore', both(ours), both(theirs), 'there and back'),
  ]
}
