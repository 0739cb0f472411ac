/**
 * What can go wrong, as types: the daemon said no ({@link LibvirtError}), the line failed
 * ({@link ConnectionError}), the daemon would not let us in ({@link AuthenticationError}), the bytes made no sense
 * ({@link ProtocolError}), the caller gave up ({@link AbortedError}). Nobody needs to read message text to decide.
 */
import { errorCodes, errorDomains } from './rpc/error-codes.ts'
import type { ErrorCodeName, ErrorDomainName } from './rpc/error-codes.ts'

export type { ErrorCodeName, ErrorDomainName }

/** What an error carries besides its message. */
export interface ClientErrorDetails {
  /** What the reader can do now. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The base of every error that this package throws on purpose. */
export class LibvirtClientError extends Error {
  readonly hint: string | undefined

  constructor(message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = new.target.name
    this.hint = details.hint
  }
}

/** The fields of the error as they come over the wire. */
export interface LibvirtErrorFields {
  readonly code: number
  readonly domain: number
  readonly message: string
  /** 1 warning, 2 error. */
  readonly level: number
  readonly str1?: string | undefined
  readonly str2?: string | undefined
  readonly str3?: string | undefined
  /** For `system-error` this is the daemon's errno. */
  readonly int1: number
  readonly int2: number
}

const codeNames = new Map<number, ErrorCodeName>(
  Object.entries(errorCodes).map(([name, code]) => [code, name as ErrorCodeName]),
)
const domainNames = new Map<number, ErrorDomainName>(
  Object.entries(errorDomains).map(([name, code]) => [code, name as ErrorDomainName]),
)

/** The daemon answered with an error: libvirt's own code, domain and fields. Unknown numbers pass through. */
export class LibvirtError extends LibvirtClientError implements LibvirtErrorFields {
  readonly code: number
  /** `no-domain`, `operation-invalid` ...; undefined for a code that this version does not know. */
  readonly codeName: ErrorCodeName | undefined
  readonly domain: number
  readonly domainName: ErrorDomainName | undefined
  readonly level: number
  readonly str1: string | undefined
  readonly str2: string | undefined
  readonly str3: string | undefined
  readonly int1: number
  readonly int2: number
  /** libvirt's name of the procedure that failed, for example `DOMAIN_CREATE_WITH_FLAGS`. */
  readonly procedure: string | undefined

  constructor(fields: LibvirtErrorFields, procedure?: string, details: ClientErrorDetails = {}) {
    super(fields.message, details)
    this.code = fields.code
    this.codeName = codeNames.get(fields.code)
    this.domain = fields.domain
    this.domainName = domainNames.get(fields.domain)
    this.level = fields.level
    this.str1 = fields.str1
    this.str2 = fields.str2
    this.str3 = fields.str3
    this.int1 = fields.int1
    this.int2 = fields.int2
    this.procedure = procedure
  }
}

/**
 * The daemon does not know the call: it is older than the call, or was built without that part (QEMU's own calls).
 * Asking again does not help; {@link isUnsupported} is true for it.
 */
export class UnknownProcedureError extends LibvirtError {
  /** libvirt's name of the call, for example `DOMAIN_SET_TIME`. */
  declare readonly procedure: string
  /** The version of the daemon's libvirt, `9.0.0`; undefined where it would not say. */
  readonly serverVersion: string | undefined
  /** The first version of libvirt that has the call, where it is known. */
  readonly sinceVersion: string | undefined

  constructor(
    fields: LibvirtErrorFields,
    procedure: string,
    versions: { readonly server: string | undefined; readonly since: string | undefined },
  ) {
    const { server, since } = versions
    const who = server === undefined ? 'the daemon' : `libvirt ${server} at the other end`
    const message = `${who} does not know the call ${procedure} (${fields.message})`
    const hint = since === undefined ? undefined : `The call came with libvirt ${since}: the daemon must be updated.`
    super({ ...fields, message }, procedure, { hint })
    this.serverVersion = server
    this.sinceVersion = since
  }
}

/** Why there is no connection. */
export type ConnectionFailure =
  /** There is no socket at that path: no daemon runs. */
  | 'socket-missing'
  | 'permission-denied'
  /** A socket file without a daemon behind it. */
  | 'refused'
  /** `libssh`, `ext`: no dialer for it was given. */
  | 'transport-unsupported'
  /** The name of the host cannot be looked up. */
  | 'host-unknown'
  /** The host is silent. */
  | 'unreachable'
  /** The host's certificate or ssh key is not one that is trusted here. */
  | 'host-not-trusted'
  /** A certificate of ours is missing or cannot be read. */
  | 'certificate-missing'
  /** The daemon does not let our certificate in. */
  | 'certificate-refused'
  /** There is no ssh on this computer. */
  | 'tool-missing'
  /** ssh got through, and nothing on the host leads to libvirt's socket. */
  | 'helper-missing'
  /** The user's own daemon could not be started. */
  | 'daemon-failed'
  | 'dial-failed'
  /** The open connection broke, or the daemon closed it. */
  | 'lost'
  /** We closed it; calls that still waited get this. */
  | 'closed'
  | 'keepalive-timeout'

/** There is no connection, or no longer one. */
export class ConnectionError extends LibvirtClientError {
  readonly reason: ConnectionFailure

  constructor(reason: ConnectionFailure, message: string, details: ClientErrorDetails = {}) {
    super(message, details)
    this.reason = reason
  }
}

/** What the daemon asked for. */
export type AuthenticationMechanism = 'polkit' | 'sasl' | 'unknown'

/** The daemon asks for an authentication that was refused, or that this client does not speak. */
export class AuthenticationError extends LibvirtClientError {
  readonly mechanism: AuthenticationMechanism

  constructor(mechanism: AuthenticationMechanism, message: string, details: ClientErrorDetails = {}) {
    super(message, details)
    this.mechanism = mechanism
  }
}

/** Bytes that are not libvirt's protocol: a bad length, a truncated structure, a reply to another procedure. */
export class ProtocolError extends LibvirtClientError {}

/** A connection URI that cannot be used. */
export class UriError extends LibvirtClientError {}

/** A source that gave more or fewer bytes than the stated length. */
export class TransferError extends LibvirtClientError {
  readonly expectedBytes: number
  readonly actualBytes: number

  constructor(message: string, expectedBytes: number, actualBytes: number) {
    super(message)
    this.expectedBytes = expectedBytes
    this.actualBytes = actualBytes
  }
}

/**
 * The caller's signal fired; `cause` is the signal's reason. The daemon is not told (libvirt's protocol has no
 * cancel): what was asked may still happen, only nobody waits for the answer.
 */
export class AbortedError extends LibvirtClientError {
  readonly code = 'ABORT_ERR'

  constructor(what: string, reason: unknown) {
    super(`${what} was aborted`, { cause: reason })
    this.name = 'AbortError'
  }
}

/** True where `error` is libvirt's answer with one of these codes. */
export function isLibvirtError(error: unknown, ...names: readonly ErrorCodeName[]): error is LibvirtError {
  if (!(error instanceof LibvirtError)) return false
  return names.length === 0 || (error.codeName !== undefined && names.includes(error.codeName))
}

/** There is no such domain (any more). */
export const isNoDomain = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-domain')
/** There is no such storage pool (any more). */
export const isNoStoragePool = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-storage-pool')
/** There is no such volume (any more). */
export const isNoStorageVolume = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-storage-vol')
/** There is no such network (any more). */
export const isNoNetwork = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-network')
/** There is no such snapshot (any more). */
export const isNoSnapshot = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-domain-snapshot')
/** The domain has no metadata of that namespace. */
export const isNoMetadata = (error: unknown): error is LibvirtError => isLibvirtError(error, 'no-domain-metadata')

/** The object asked for does not exist, whatever its kind. */
export const isNotFound = (error: unknown): error is LibvirtError =>
  isLibvirtError(
    error,
    'no-domain',
    'no-storage-pool',
    'no-storage-vol',
    'no-network',
    'no-domain-metadata',
    'no-domain-snapshot',
    'no-node-device',
    'no-interface',
    'no-secret',
    'no-nwfilter',
  )

/** The daemon or the driver cannot do this at all (asking again does not help). */
export const isUnsupported = (error: unknown): error is LibvirtError =>
  error instanceof UnknownProcedureError ||
  isLibvirtError(error, 'no-support', 'operation-unsupported', 'config-unsupported', 'argument-unsupported')

/** The object is in the wrong state: start of a running domain, destroy of one that is off. */
export const isOperationInvalid = (error: unknown): error is LibvirtError => isLibvirtError(error, 'operation-invalid')

/** The name or the UUID is taken. */
export const isAlreadyExists = (error: unknown): error is LibvirtError =>
  isLibvirtError(error, 'dom-exist', 'network-exist', 'storage-vol-exist')
