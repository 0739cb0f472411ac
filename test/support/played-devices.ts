/** Device files of kernel modules that are not loaded, as empty files: in the place of /dev, or beside what is there. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface PlayedDevices {
  /** In the place of /dev. */
  readonly devices: string
  /** By which a process is run that is to see them beside the real ones. Needs root. */
  readonly by: readonly [file: string, ...args: string[]]
}

/** In a mount namespace of the command's own. */
const withDevices = 'mount -t overlay overlay -o lowerdir="$1":/dev /dev && shift && exec "$@"'

/** Makes `dev` in that folder. */
export async function playDevices(folder: string, names: readonly string[]): Promise<PlayedDevices> {
  const devices = join(folder, 'dev')
  await mkdir(devices)
  for (const name of names) await writeFile(join(devices, name), '')
  return { devices, by: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', withDevices, 'sh', devices] }
}
