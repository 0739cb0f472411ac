/** Whole payloads: everything that was sent must have been understood. */
import { LibvirtError } from '../errors.ts'
import { errorStruct } from './shapes.ts'
import { XdrReader } from './xdr.ts'

export function decode<T>(codec: { read(reader: XdrReader): T }, payload: Buffer, what: string): T {
  const reader = new XdrReader(payload)
  const value = codec.read(reader)
  reader.end(what)
  return value
}

/** The error that a payload describes. */
export function decodeError(payload: Buffer, procedure: string): LibvirtError {
  const { message, ...fields } = decode(errorStruct, payload, 'an error')
  return new LibvirtError({ ...fields, message: message ?? 'libvirt gave no message' }, procedure)
}
