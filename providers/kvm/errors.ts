/** libvirt's errors in the words of the contract. Decided by codes, never by message text. */
import { AbortedError, AuthenticationError, ConnectionError, LibvirtError, UriError } from 'libvirt-ts'
import { AzlVmError, isAzlVmError, type ErrorCode } from '../../src/errors.ts'

/** errno values that the daemon passes on in `int1` of a system error (Linux, asm-generic/errno-base.h and errno.h). */
const errno = { EACCES: 13, EPERM: 1, ENOSPC: 28, EDQUOT: 122, ENODEV: 19 } as const

/** Runs `work`; what it throws becomes an AzlVmError that names the action and keeps the cause. */
export async function translated<T>(action: string, host: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translateError(error, action, host)
  }
}

export function translateError(error: unknown, action: string, host: string): unknown {
  if (isAzlVmError(error)) return error
  if (error instanceof AbortedError || (error instanceof Error && error.name === 'AbortError')) {
    return new AzlVmError('cancelled', `interrupted: ${action}`, { cause: error })
  }
  if (error instanceof AuthenticationError) {
    return failure('permission-denied', `libvirt at ${host} refused the login`, error, error.hint ?? rightsHint)
  }
  if (error instanceof ConnectionError) return connectionError(error, host)
  if (error instanceof UriError)
    return failure('usage', `${host} is no address that libvirt understands`, error, error.hint)
  if (error instanceof LibvirtError) return libvirtError(error, action)
  return error
}

export const rightsHint =
  'Join the group libvirt (`sudo usermod -aG libvirt $USER`, then log in again), or use your own libvirt with `host: qemu:///session`.'

function connectionError(error: ConnectionError, host: string): AzlVmError {
  // On another computer the transport knows better what is to do.
  const hintHere = (ours: string): string | undefined => (isRemote(host) ? error.hint : ours)
  switch (error.reason) {
    case 'socket-missing':
    case 'refused':
      return failure('host-not-ready', `no libvirt answers at ${host}`, error, hintHere(startHint))
    case 'host-unknown':
    case 'unreachable':
    case 'host-not-trusted':
    case 'certificate-missing':
    case 'helper-missing':
    case 'daemon-failed':
    case 'dial-failed':
      return failure('host-not-ready', `libvirt at ${host} cannot be reached`, error, error.hint)
    case 'tool-missing':
      return failure('tool-missing', `libvirt at ${host} cannot be reached`, error, error.hint)
    case 'permission-denied':
    case 'certificate-refused':
      return failure('permission-denied', `you may not talk to libvirt at ${host}`, error, hintHere(rightsHint))
    case 'transport-unsupported':
      return failure('not-supported', `azl-vm cannot reach ${host}`, error, error.hint)
    default:
      return failure('backend-failed', `the connection to libvirt at ${host} broke`, error)
  }
}

/** `qemu:///system` names no host. */
function isRemote(uri: string): boolean {
  return URL.canParse(uri) && new URL(uri).host !== ''
}

export const startHint =
  'Install and start libvirt: on Debian and Ubuntu `sudo apt-get install qemu-system-x86 ovmf libvirt-daemon-system`, then `sudo systemctl start libvirtd`. `npm run quickstart` in a checkout does both.'

function libvirtError(error: LibvirtError, action: string): AzlVmError {
  const name = error.codeName ?? `code ${String(error.code)}`
  const message = `${action} failed: ${error.message} (libvirt: ${name})`
  const isDeviceMissing = error.codeName === 'system-error' && error.int1 === errno.ENODEV
  return failure(codeOf(error), message, error, isDeviceMissing ? deviceHint : undefined)
}

const deviceHint =
  'Something of the host that the machine names is not there. For kvm.bridge: `ip link show type bridge` on that host lists its bridges.'

function codeOf(error: LibvirtError): ErrorCode {
  switch (error.codeName) {
    case 'no-domain':
      return 'machine-not-found'
    case 'dom-exist':
      return 'machine-exists'
    case 'access-denied':
    case 'auth-failed':
    case 'auth-unavailable':
    case 'operation-denied':
      return 'permission-denied'
    case 'system-error':
      return systemErrorCode(error.int1)
    case 'operation-timeout':
    case 'resource-busy':
      return 'resource-busy'
    default:
      return 'backend-failed'
  }
}

function systemErrorCode(number: number): ErrorCode {
  if (number === errno.ENOSPC || number === errno.EDQUOT) return 'no-space'
  if (number === errno.ENODEV) return 'host-not-ready'
  if (number === errno.EACCES || number === errno.EPERM) return 'permission-denied'
  return 'backend-failed'
}

function failure(code: ErrorCode, message: string, cause: unknown, hint?: string): AzlVmError {
  return new AzlVmError(code, message, { cause, ...(hint === undefined ? {} : { hint }) })
}
