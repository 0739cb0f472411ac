/** Letting the daemon know who we are. On a local socket that is the kernel's word (none) or polkit's; SASL is not spoken. */
import { AuthenticationError, LibvirtError } from '../errors.ts'
import type { CallSettings, RpcChannel } from './channel.ts'
import { authTypes } from './limits.ts'
import { procedures } from './procedures.ts'

export async function authenticate(channel: RpcChannel, uri: string, settings: CallSettings): Promise<void> {
  const { types } = await channel.call(procedures.authList, undefined, settings)
  if (types.length === 0 || types.includes(authTypes.REMOTE_AUTH_NONE)) return
  if (types.includes(authTypes.REMOTE_AUTH_POLKIT)) return polkit(channel, uri, settings)
  if (types.includes(authTypes.REMOTE_AUTH_SASL)) throw sasl(uri)
  throw new AuthenticationError('unknown', `the daemon of ${uri} wants an authentication of type ${types.join(', ')}`, {
    hint: 'This client speaks none and polkit. Set auth_unix_rw = "polkit" in the daemon\'s libvirtd.conf.',
  })
}

async function polkit(channel: RpcChannel, uri: string, settings: CallSettings): Promise<void> {
  try {
    await channel.call(procedures.authPolkit, undefined, settings)
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    throw new AuthenticationError('polkit', `polkit refused the connection to ${uri}: ${error.message}`, {
      cause: error,
      hint:
        'Join the group that is let in without a question: sudo usermod -aG libvirt "$USER", then log in again. ' +
        'Or let polkit ask you: run pkttyagent --process $PPID in the same terminal. ' +
        'Or use a daemon of your own: qemu:///session.',
    })
  }
}

function sasl(uri: string): AuthenticationError {
  return new AuthenticationError('sasl', `the daemon of ${uri} wants SASL, which this client does not speak`, {
    hint:
      'Use another way in: on the daemon\'s host set auth_unix_rw = "none" or "polkit" in /etc/libvirt/libvirtd.conf ' +
      '(virtqemud.conf) and restart it; for a remote host go through ssh, which needs no SASL.',
  })
}
