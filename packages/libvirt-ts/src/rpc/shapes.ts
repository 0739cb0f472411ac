/** What the calls are made of: references to libvirt's objects, and shapes of arguments that many share. */
import { double, hyper, int, optional, optionalString, string, struct, uhyper, uint, uuid, union } from './codec.ts'
import type { Codec } from './codec.ts'
import { programs, typedParamTypes } from './limits.ts'

export interface Procedure<A, R> {
  readonly program: number
  /** libvirt's name without `REMOTE_PROC_`. */
  readonly name: string
  readonly number: number
  readonly args: Codec<A>
  readonly result: Codec<R>
}

export function remote<A, R>(name: string, number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> {
  return { program: programs.REMOTE_PROGRAM, name, number, args, result }
}

export function qemu<A, R>(name: string, number: number, args: Codec<A>, result: Codec<R>): Procedure<A, R> {
  return { program: programs.QEMU_PROGRAM, name, number, args, result }
}

export const domainRef = struct('remote_nonnull_domain', { name: string, uuid, id: int })
const typedParamValue = union<number | string>('remote_typed_param_value', typedParamTypes, {
  VIR_TYPED_PARAM_INT: int,
  VIR_TYPED_PARAM_UINT: uint,
  VIR_TYPED_PARAM_LLONG: hyper,
  VIR_TYPED_PARAM_ULLONG: uhyper,
  VIR_TYPED_PARAM_DOUBLE: double,
  VIR_TYPED_PARAM_BOOLEAN: int,
  VIR_TYPED_PARAM_STRING: string,
})

/** A named value of one of several types; new names may come with any version. */
export const typedParam = struct('remote_typed_param', { field: string, value: typedParamValue })

export const networkRef = struct('remote_nonnull_network', { name: string, uuid })
export const poolRef = struct('remote_nonnull_storage_pool', { name: string, uuid })
export const snapshotRef = struct('remote_nonnull_domain_snapshot', { name: string, dom: domainRef })
export const volumeRef = struct('remote_nonnull_storage_vol', { pool: string, name: string, key: string })

export const optionalDomain = optional('remote_domain', domainRef)
export const optionalNetwork = optional('remote_network', networkRef)
export const optionalPool = optional('remote_storage_pool', poolRef)
export const nodeDeviceRef = struct('remote_nonnull_node_device', { name: string })
export const interfaceRef = struct('remote_nonnull_interface', { name: string, mac: string })
export const authType: Codec<number> = { ...int, type: 'remote_auth_type' }

/** What follows the header where the status is an error. */
export const errorStruct = struct('remote_error', {
  code: int,
  domain: int,
  message: optionalString,
  level: int,
  dom: optionalDomain,
  str1: optionalString,
  str2: optionalString,
  str3: optionalString,
  int1: int,
  int2: int,
  net: optionalNetwork,
})

/** A run of zeros that is not sent; no bit of `flags` means anything yet. */
export const streamHole = struct('virNetStreamHole', { length: hyper, flags: uint })

// Shapes that many procedures share, in what is sent or what is answered; each gets the name that libvirt gives it there.
export const domainArgs = (name: string) => struct(name, { dom: domainRef })
export const domainFlags = (name: string) => struct(name, { dom: domainRef, flags: uint })
export const deviceArgs = (name: string) => struct(name, { dom: domainRef, xml: string, flags: uint })
export const listArgs = (name: string) => struct(name, { need_results: int, flags: uint })
export const networkArgs = (name: string) => struct(name, { net: networkRef })
export const poolArgs = (name: string) => struct(name, { pool: poolRef })
export const poolFlags = (name: string) => struct(name, { pool: poolRef, flags: uint })
export const volumeArgs = (name: string) => struct(name, { vol: volumeRef })
export const volumeFlags = (name: string) => struct(name, { vol: volumeRef, flags: uint })
export const nameArgs = (name: string) => struct(name, { name: string })
export const uuidArgs = (name: string) => struct(name, { uuid })
export const xmlArgs = (name: string) => struct(name, { xml: string })
export const xmlFlags = (name: string) => struct(name, { xml: string, flags: uint })
export const activeRet = (name: string) => struct(name, { active: int })
export const persistentRet = (name: string) => struct(name, { persistent: int })
export const transferArgs = (name: string) =>
  struct(name, { vol: volumeRef, offset: uhyper, length: uhyper, flags: uint })
export const callbackId = (name: string) => struct(name, { callbackID: int })
export const autostartRet = (name: string) => struct(name, { autostart: int })
