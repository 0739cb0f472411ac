/** Which Hyper-V host: this computer, or another one that is reached by SSH. */
import { AzlVmError } from '../../src/errors.ts'
import type { Via } from '../../src/provider/machine.ts'

export interface HostChoice {
  /** As it is recorded; the same text finds the same host again. */
  readonly host: string
  /** Undefined: this computer. */
  readonly via: Via | undefined
}

// ssh://admin@hv01:2222, with or without user, port and a slash behind it; what begins with a hyphen would be an option of ssh
const sshHost =
  /^ssh:\/\/(?:([^\s@/?#-][^\s@/?#]*)@)?(\[[0-9A-Fa-f:.]+\]|[^\s@/?#:[\]-][^\s@/?#:[\]]*)(?::(\d{1,5}))?\/?$/i

/** `local`, or `ssh://USER@HOST` with a port where it is not SSH's own. */
export function chooseHost(host: string): HostChoice {
  if (host === 'local') return { host, via: undefined }
  const match = sshHost.exec(host)
  if (!match)
    throw new AzlVmError('usage', `'${host}' is no Hyper-V host`, {
      hint: 'Write local, or ssh://USER@HOST (and :PORT) for another computer.',
    })
  const [, user, name = '', port] = match
  return {
    host: host.replace(/\/$/, ''),
    via: { host: name.replace(/^\[|\]$/g, ''), user, port: port === undefined ? undefined : Number(port) },
  }
}
