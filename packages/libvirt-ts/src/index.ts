/**
 * A libvirt client in pure TypeScript over libvirt's own RPC protocol.
 *
 * @module libvirt-ts
 */
export type * from './api.ts'
export { connect } from './connect.ts'
export type { ConnectOptions, KeepaliveOptions } from './connect.ts'
export * from './errors.ts'
export { errorCodes, errorDomains } from './rpc/error-codes.ts'
export { defaultDialer } from './transport/by-transport.ts'
export type { Dialer, DialOptions, TlsOptions } from './transport/dialer.ts'
export { parseUri } from './uri.ts'
export type { ConnectionTarget, Transport, UriEnvironment } from './uri.ts'
