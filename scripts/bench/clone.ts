/** A clone, from the command to its guest running; against `virt-clone` and `virsh start`. */
import { isInstalled, load, median, medianRatio } from './measure.ts'
import { peerMs, toolMs } from './machine-time.ts'
import { seconds, times, type Part } from './report.ts'
import { type World } from './world.ts'

const [original, clone, peer] = ['bench-original', 'bench-clone', 'bench-peer'] as const
const title = 'Clone to running'

export async function measureClones(world: World, rounds: number): Promise<Part> {
  if (!isInstalled('virt-clone') || !isInstalled('virsh'))
    return { title, rows: [], skipped: 'virt-clone is not installed (apt-get install virtinst)' }
  await toolMs(world, 'up', await world.spec(original, 'emulated'))
  await toolMs(world, 'stop', original, '--force')
  try {
    const [ours, theirs] = [[] as number[], [] as number[]]
    for (let round = -1; round < rounds; round++) {
      const own = await untilRunning(world, clone, async () => {
        await toolMs(world, 'clone', original, clone)
        await toolMs(world, 'start', clone)
      })
      await world.destroy(clone)
      const their = await untilRunning(world, peer, async () => {
        await peerMs(world, 'virt-clone', '--original', original, '--name', peer, '--auto-clone')
        await peerMs(world, 'virsh', 'start', peer)
      })
      await world.removeForeign(peer)
      if (round < 0) continue
      ours.push(own)
      theirs.push(their)
    }
    return {
      title,
      rows: [
        {
          what: 'azl-vm clone and start / virt-clone and virsh start, to Resumed',
          value: times(medianRatio(ours, theirs)),
          detail:
            `${seconds(median(ours))} against ${seconds(median(theirs))}; the disk is empty, so that the copy that ` +
            `virt-clone makes of it costs nothing; ${String(rounds)} rounds, load ${load().toFixed(1)}`,
        },
      ],
    }
  } finally {
    await world.destroy(original)
  }
}

/** Milliseconds from the first command to the Resumed event. */
async function untilRunning(world: World, name: string, work: () => Promise<void>): Promise<number> {
  const resumed = world.resumed(name)
  // Where the work fails there is no event to wait for.
  resumed.catch(() => undefined)
  const startedAtMs = performance.now()
  await work()
  return (await resumed) - startedAtMs
}
