/**
 * Device files of kernel modules that are not loaded, as empty files, and settings of the whole computer: in the place of
 * /dev and /etc, or beside what is there.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface PlayedDevices {
  /** In the place of /dev. */
  readonly devices: string
  /** By which a process is run that is to see them beside the real ones. Needs root. */
  readonly by: readonly [file: string, ...args: string[]]
}

/** In a mount namespace of the command's own. */
const withPlaces =
  'for each in dev etc; do mount -t overlay overlay -o lowerdir="$1/$each":"/$each" "/$each"; done && shift && exec "$@"'

/** Makes `dev` and `etc` in that folder; `settings`: texts of files below `etc`. */
export async function playDevices(
  folder: string,
  names: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<PlayedDevices> {
  const [devices, etc] = [join(folder, 'dev'), join(folder, 'etc')]
  for (const each of [devices, etc]) await mkdir(each)
  for (const name of names) await writeFile(join(devices, name), '')
  for (const [name, text] of Object.entries(settings)) {
    await mkdir(dirname(join(etc, name)), { recursive: true })
    await writeFile(join(etc, name), text)
  }
  return { devices, by: ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', withPlaces, 'sh', folder] }
}
