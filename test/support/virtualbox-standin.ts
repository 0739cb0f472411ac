/** VirtualBox for tests: the real VBoxManage, and machines that the stand-in of test/simulators/virtualbox boots in QEMU. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { virtualBoxUsr } from '../../scripts/host-setup/virtualbox.mjs'
import { repositoryRoot } from './run-cli.ts'
import { silentFirmware } from './silent-firmware.ts'
import { openVirtualBox, type VirtualBox } from './virtualbox-manage.ts'

export interface PlayedVirtualBox extends VirtualBox {
  /** What a process needs to find it as its VirtualBox. */
  readonly env: VirtualBox['env'] & NodeJS.ProcessEnv
  /** In the place of /dev: its kernel module is there. */
  readonly devices: string
  /** By which a process that is to see that module is run. */
  readonly by: readonly [file: string, ...args: string[]]
  /** VBoxManage as the tool runs it. */
  play(...args: readonly string[]): Promise<string>
}

/** Puts the played kernel module's device file beside the real ones, in a mount namespace of the command's own. */
const withDevices = 'mount -t overlay overlay -o lowerdir="$1":/dev /dev && shift && exec "$@"'

export async function playVirtualBox(): Promise<PlayedVirtualBox> {
  const real = await openVirtualBox()
  const [state, devices] = [join(real.folder, 's'), join(real.folder, 'dev')]
  for (const folder of [state, devices]) await mkdir(folder)
  await writeFile(join(devices, 'vboxdrv'), '')
  const programs = join(repositoryRoot, 'test', 'simulators', 'virtualbox')
  const env = {
    ...real.env,
    HOME: real.folder,
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    AZL_VBOX_USR: virtualBoxUsr(repositoryRoot),
    AZL_VBOX_STATE: state,
    AZL_VBOX_NODE: process.execPath,
    AZL_VBOX_FIRMWARE: await silentFirmware('OVMF_CODE_4M.fd'),
    AZL_VBOX_FIRMWARE_SECURE: await silentFirmware('OVMF_CODE_4M.ms.fd'),
  }
  return {
    ...real,
    env,
    devices,
    by: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', withDevices, 'sh', devices],
    play: async (...args) => {
      // Without such a locale it says nothing after the first letter that is not ASCII.
      const options = { env: { ...env, LC_ALL: 'C.UTF-8' }, extendEnv: false }
      return (await execa(join(programs, 'VBoxManage'), args, options)).stdout
    },
  }
}
