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

/** `local`, or `ssh://USER@HOST` with a port where it is not SSH's own; USER percent-encoded: `dom%5Cadmin`. */
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
    via: {
      host: name.replace(/^\[|\]$/g, ''),
      user: user === undefined ? undefined : userOf(user, host),
      port: port === undefined ? undefined : Number(port),
    },
  }
}

// What ssh itself refuses as a user (valid_ruser in OpenSSH's ssh.c), and white space
const noUser = /^-|[\p{Cc}\s'`";&<>|(){}]|\\$/u

function userOf(encoded: string, host: string): string {
  const user = decoded(encoded)
  if (user !== undefined && !noUser.test(user)) return user
  throw new AzlVmError('usage', `'${host}' names no user that ssh takes: ${encoded}`, {
    hint: 'Write a domain’s user as DOMAIN%5CUSER or USER%40DOMAIN; % itself is %25.',
  })
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
