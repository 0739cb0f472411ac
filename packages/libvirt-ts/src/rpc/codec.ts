/**
 * Structures as data: each codec knows its name in libvirt's protocol description, so that
 * `npm run check:protocol` can compare every field, its order and its type with the original.
 */
import { ProtocolError } from '../errors.ts'
import { limits } from './limits.ts'
import type { XdrReader, XdrWriter } from './xdr.ts'

/** A codec of whatever values: what tools that only look at types need. */
export interface AnyCodec {
  readonly type: string
  readonly suffix?: string
  readonly fields?: Readonly<Record<string, AnyCodec>>
  /** Present in arrays and optional values: what is inside. */
  readonly of?: AnyCodec
  /** Present in unions: what follows each number, under libvirt's name of the number. */
  readonly cases?: Readonly<Record<string, AnyCodec>>
  write(writer: XdrWriter, value: never): void
  read(reader: XdrReader): unknown
}

export interface Codec<T> extends AnyCodec {
  /** How the protocol description writes this type, for example `unsigned hyper` or `remote_nonnull_domain`. */
  readonly type: string
  /** What follows the field's name there: `<REMOTE_DOMAIN_LIST_MAX>`, `[32]`. */
  readonly suffix?: string
  /** Present in structures: the fields in wire order. */
  readonly fields?: Readonly<Record<string, AnyCodec>>
  write(writer: XdrWriter, value: T): void
  read(reader: XdrReader): T
}

export type ValueOf<C> = C extends { read(reader: XdrReader): infer T } ? T : never

type FieldValues<F> = { readonly [K in keyof F]: ValueOf<F[K]> }

export const int: Codec<number> = {
  type: 'int',
  write: (writer, value) => writer.int(value),
  read: (reader) => reader.int(),
}

export const uint: Codec<number> = {
  type: 'unsigned int',
  write: (writer, value) => writer.uint(value),
  read: (reader) => reader.uint(),
}

/** One char is a whole word on the wire. */
export const char: Codec<number> = { ...int, type: 'char' }
export const uchar: Codec<number> = { ...uint, type: 'unsigned char' }

export const ushort: Codec<number> = { ...uint, type: 'unsigned short' }

/** Signed counts and seconds: numbers, exact up to 2^53. */
export const hyper: Codec<number> = {
  type: 'hyper',
  write: (writer, value) => writer.hyper(BigInt(value)),
  read: (reader) => Number(reader.hyper()),
}

export const double: Codec<number> = {
  type: 'double',
  write: (writer, value) => writer.double(value),
  read: (reader) => reader.double(),
}

/** Sizes and counts: numbers, exact up to 2^53, which are 8 PiB. */
export const uhyper: Codec<number> = {
  type: 'unsigned hyper',
  write: (writer, value) => writer.uhyper(BigInt(value)),
  read: (reader) => Number(reader.uhyper()),
}

export const string: Codec<string> = {
  type: 'remote_nonnull_string',
  write: (writer, value) => writer.string(value, limits.REMOTE_STRING_MAX),
  read: (reader) => reader.string(limits.REMOTE_STRING_MAX),
}

const uuidPattern = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

/** Sixteen bytes, written as 8-4-4-4-12 hexadecimal digits in lower case. */
export const uuid: Codec<string> = {
  type: 'remote_uuid',
  write(writer, value) {
    if (!uuidPattern.test(value)) throw new ProtocolError(`'${value}' is not a UUID`)
    writer.fixed(Buffer.from(value.replaceAll('-', ''), 'hex'))
  },
  read(reader) {
    const hex = reader.fixed(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  },
}

/** A text in a fixed number of chars, each a word of its own, ended by a zero. */
export function charArray(count: number): Codec<string> {
  return {
    type: 'char',
    suffix: `[${count}]`,
    write(writer, value) {
      const bytes = Buffer.from(value).subarray(0, count - 1)
      for (let index = 0; index < count; index += 1) writer.int(bytes[index] ?? 0)
    },
    read(reader) {
      const bytes = Buffer.alloc(count)
      for (let index = 0; index < count; index += 1) bytes[index] = reader.int() & 0xff
      const end = bytes.indexOf(0)
      return bytes.toString('utf8', 0, end < 0 ? count : end)
    },
  }
}

/** A value that may be missing. `type` is the name that libvirt gives the optional type. */
export function optional<T>(type: string, codec: Codec<T>): Codec<T | undefined> {
  return {
    type,
    of: codec,
    write(writer, value) {
      writer.uint(value === undefined ? 0 : 1)
      if (value !== undefined) codec.write(writer, value)
    },
    read: (reader) => (reader.isPresent() ? codec.read(reader) : undefined),
  }
}

export const optionalString = optional('remote_string', string)

export function array<T>(codec: Codec<T>, limit: keyof typeof limits): Codec<readonly T[]> {
  return {
    type: codec.type,
    suffix: `<${limit}>`,
    of: codec,
    write(writer, values) {
      writer.uint(values.length)
      for (const value of values) codec.write(writer, value)
    },
    read(reader) {
      const values: T[] = []
      for (let left = reader.count(limits[limit]); left > 0; left -= 1) values.push(codec.read(reader))
      return values
    },
  }
}

export function struct<F extends Readonly<Record<string, AnyCodec>>>(type: string, fields: F): Codec<FieldValues<F>> {
  const entries = Object.entries(fields) as unknown as readonly (readonly [keyof F & string, Codec<unknown>])[]
  return {
    type,
    fields,
    write(writer, value) {
      for (const [name, codec] of entries) codec.write(writer, value[name])
    },
    read(reader) {
      const value: Record<string, unknown> = {}
      for (const [name, codec] of entries) value[name] = codec.read(reader)
      return value as FieldValues<F>
    },
  }
}

/** A number says what follows. What follows an unknown number cannot be read: nothing says how long it is. */
export function union<T>(
  type: string,
  numbers: Readonly<Record<string, number>>,
  cases: Readonly<Record<string, Codec<T>>>,
): Codec<{ readonly kind: string; readonly value: T }> {
  const codecOf = (kind: string | undefined, shown: string | number): Codec<T> => {
    const codec = kind === undefined ? undefined : cases[kind]
    if (codec === undefined) throw new ProtocolError(`${type} has no kind ${shown}`)
    return codec
  }
  return {
    type,
    cases,
    write(writer, { kind, value }) {
      const codec = codecOf(kind, kind)
      writer.int(numbers[kind] ?? 0)
      codec.write(writer, value)
    },
    read(reader) {
      const number = reader.int()
      const kind = Object.keys(numbers).find((name) => numbers[name] === number)
      const codec = codecOf(kind, number)
      return { kind: kind ?? '', value: codec.read(reader) }
    },
  }
}

/** No arguments, or no answer. */
export const nothing: Codec<void> = { type: 'void', write: () => undefined, read: () => undefined }
