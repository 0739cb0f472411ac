/** A daemon that does not know a call, and libvirt's way of writing versions. */
import { LibvirtError, UnknownProcedureError } from '../errors.ts'
import type { Procedure } from './shapes.ts'
import { programs } from './limits.ts'
import { sinceVersions } from './since-versions.ts'

type Asked = Pick<Procedure<unknown, unknown>, 'program' | 'name' | 'number'>

/**
 * Whether the daemon says that it does not know the procedure or its program: an RPC error that names its number
 * (virNetServerProgramDispatchCall and virNetServerProgramUnknownError in `src/rpc/virnetserverprogram.c` of libvirt's
 * source). The words around the number may be translated.
 */
export function isAboutProcedure(error: unknown, { program, number }: Asked): error is LibvirtError {
  if (!(error instanceof LibvirtError) || error.codeName !== 'rpc') return false
  const numbers = error.message.match(/\d+/g)?.map(Number) ?? []
  return numbers.includes(program) || numbers.at(-1) === number
}

/** The same error, with what the reader can do. */
export function unknownProcedure(error: LibvirtError, asked: Asked, server: string | undefined): UnknownProcedureError {
  const { qemu, remote } = sinceVersions
  const versions: Readonly<Record<string, string>> = asked.program === programs.QEMU_PROGRAM ? qemu : remote
  return new UnknownProcedureError(error, asked.name, { server, since: versions[asked.name] })
}

/** libvirt writes 9.0.1 as 9000001. */
export function versionText(version: number): string {
  return `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1000) % 1000}.${version % 1000}`
}
