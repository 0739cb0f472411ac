/** VirtualBox for tests: the real VBoxManage, and machines that the stand-in of test/simulators/virtualbox boots in QEMU. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { virtualBoxUsr } from '../../scripts/host-setup/virtualbox.mjs'
import { playDevices, type PlayedDevices } from './played-devices.ts'
import { repositoryRoot } from './run-cli.ts'
import { silentFirmware } from './silent-firmware.ts'
import { openVirtualBox, type VirtualBox } from './virtualbox-manage.ts'

/** Its kernel module is there for who looks at the played devices. */
export interface PlayedVirtualBox extends VirtualBox, PlayedDevices {
  /** What a process needs to find it as its VirtualBox. */
  readonly env: VirtualBox['env'] & NodeJS.ProcessEnv
  /** VBoxManage as the tool runs it. */
  play(...args: readonly string[]): Promise<string>
}

export async function playVirtualBox(): Promise<PlayedVirtualBox> {
  const real = await openVirtualBox()
  const state = join(real.folder, 's')
  await mkdir(state)
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
    ...(await playDevices(real.folder, ['vboxdrv'])),
    play: async (...args) => {
      // Without such a locale it says nothing after the first letter that is not ASCII.
      const options = { env: { ...env, LC_ALL: 'C.UTF-8' }, extendEnv: false }
      return (await execa(join(programs, 'VBoxManage'), args, options)).stdout
    },
  }
}
