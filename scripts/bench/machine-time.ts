/** How long commands on a machine take: the tool's, and those of libvirt's own. */
import { timed } from './measure.ts'
import type { World } from './world.ts'

/** The wall time of a command of the tool, in milliseconds, from the start of its process to its end. */
export async function toolMs(world: World, ...argv: readonly string[]): Promise<number> {
  const run = await world.tool(argv)
  return (await run.ended).exitedAtMs - run.startedAtMs
}

/** The wall time of a command of somebody else's against the same daemon, in milliseconds. */
export async function peerMs(world: World, command: string, ...argv: readonly string[]): Promise<number> {
  const connecting = command === 'virsh' ? ['-q', '-c'] : ['--connect']
  return (await timed([command, ...connecting, world.daemon.uri, ...argv])).wallMs
}
