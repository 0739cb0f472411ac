/** virt-viewer's window on a machine. */
import { access, constants } from 'node:fs/promises'
import path from 'node:path'
import { parseUri } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { ProviderContext, Viewer } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import type { HostChoice } from './host.ts'

const program = 'virt-viewer'

/**
 * The machine's screen listens nowhere: `--attach` lets libvirt hand virt-viewer an open socket, which only a Unix
 * socket can carry. `--wait` shows a machine that is off as soon as it starts.
 */
export async function viewerOf(
  { uri }: HostChoice,
  ref: MachineRef,
  { env, uid }: Pick<ProviderContext, 'env' | 'uid'>,
): Promise<Viewer> {
  if (parseUri(uri, env, uid).transport !== 'unix')
    throw new AzlVmError('not-supported', `the screen of "${ref.name}" opens only on its own host, not over ${uri}`, {
      hint: `\`azl-vm screenshot ${ref.name}\` shows the screen as a picture; \`azl-vm console ${ref.name}\` is the serial port.`,
    })
  if (!(await isInPath(program, env)))
    throw new AzlVmError('tool-missing', `${program} is not installed: it is what shows the screen of a KVM machine`, {
      hint:
        'Debian, Ubuntu: `sudo apt-get install virt-viewer`; Fedora: `sudo dnf install virt-viewer`. ' +
        `Without it: \`azl-vm screenshot ${ref.name}\`, \`azl-vm console ${ref.name}\`.`,
    })
  return { command: [program, '--connect', uri, '--attach', '--wait', '--uuid', ref.id] }
}

async function isInPath(name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  for (const folder of (env['PATH'] ?? '').split(path.delimiter).filter((entry) => entry !== '')) {
    const isThere = await access(path.join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return true
  }
  return false
}
