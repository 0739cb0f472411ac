/**
 * Whole payloads. Bytes behind a structure are those of a newer daemon, and are left alone as libvirt's own client does
 * (virNetMessageDecodePayload looks at no end); `npm run check:protocol` is what keeps our structures right.
 */
import { LibvirtError } from '../errors.ts'
import { errorStruct } from './shapes.ts'
import { XdrReader } from './xdr.ts'

export function decode<T>(codec: { read(reader: XdrReader): T }, payload: Buffer): T {
  return codec.read(new XdrReader(payload))
}

/** The error that a payload describes. */
export function decodeError(payload: Buffer, procedure: string): LibvirtError {
  const { message, ...fields } = decode(errorStruct, payload)
  return new LibvirtError({ ...fields, message: message ?? 'libvirt gave no message' }, procedure)
}
