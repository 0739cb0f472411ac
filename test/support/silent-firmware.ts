/** OVMF that leaves COM1 alone, made once for each build of Debian's: packing it takes long. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeSilentFirmware } from '../simulators/qemu/silent-firmware.ts'
import { repositoryRoot } from './run-cli.ts'

/** What {@link writeSilentFirmware} is written in. */
export const silentFirmwareSource = join(repositoryRoot, 'test', 'simulators', 'qemu', 'silent-firmware.ts')
const cache = join(repositoryRoot, '.cache', 'silent-firmware')

/** Without and with Microsoft's keys, as Debian calls them. */
export const silentFirmwareNames = ['OVMF_CODE_4M.fd', 'OVMF_CODE_4M.ms.fd'] as const

/** The path of the silent copy. */
export async function silentFirmware(name: (typeof silentFirmwareNames)[number]): Promise<string> {
  const source = join('/usr/share/OVMF', name)
  const hash = createHash('sha256').update(await readFile(source))
  hash.update(await readFile(silentFirmwareSource))
  const silent = join(cache, `${hash.digest('hex').slice(0, 16)}.fd`)
  const isThere = await stat(silent).then(
    () => true,
    () => false,
  )
  if (isThere) return silent
  await mkdir(cache, { recursive: true })
  const unfinished = `${silent}.${String(process.pid)}`
  await writeSilentFirmware(source, unfinished)
  await rename(unfinished, silent)
  return silent
}
