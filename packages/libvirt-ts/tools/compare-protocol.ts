/** Compares what this client believes with libvirt's own description. Each difference is one line of text. */
import type { AnyCodec } from '../src/rpc/codec.ts'
import * as enums from '../src/rpc/enums.ts'
import { errorCodes, errorDomains } from '../src/rpc/error-codes.ts'
import { headerBytes, writeHeader } from '../src/rpc/frame.ts'
import * as limits from '../src/rpc/limits.ts'
import { errorStruct, streamHole } from '../src/rpc/shapes.ts'
import { events } from '../src/rpc/events.ts'
import { procedures } from '../src/rpc/procedures.ts'
import type { Facts, Field } from './protocol-description.ts'

export interface ProcedureBelief {
  readonly program: number
  readonly name: string
  readonly number: number
  readonly args: AnyCodec
  readonly result: AnyCodec
}

export interface Comparison {
  readonly differences: readonly string[]
  readonly checked: { readonly procedures: number; readonly structs: number; readonly numbers: number }
}

class Comparer {
  readonly differences: string[] = []
  readonly structsSeen = new Set<string>()
  numbersSeen = 0
  readonly #facts: Facts

  constructor(facts: Facts) {
    this.#facts = facts
  }

  number(name: string, believed: number, where = name): void {
    this.numbersSeen += 1
    const real = this.#facts.numbers.get(name)
    if (real === undefined) this.differences.push(`${where}: libvirt has no ${name}`)
    else if (real !== believed) this.differences.push(`${where}: we say ${believed}, libvirt says ${real}`)
  }

  numbers(table: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(table)) this.number(name, value)
  }

  /** Our names have dashes, libvirt's have underscores, not always at the same places: they are compared without. */
  names(prefix: string, table: Readonly<Record<string, number>>, where: string): void {
    const plain = (name: string): string => name.replace(/[-_]/g, '').toUpperCase()
    const real = new Map<string, string>()
    for (const name of this.#facts.numbers.keys())
      if (name.startsWith(prefix)) real.set(plain(name.slice(prefix.length)), name)
    for (const [name, value] of Object.entries(table)) {
      this.number(real.get(plain(name)) ?? `${prefix}${name}`, value, `${where} '${name}'`)
    }
  }

  procedure(belief: ProcedureBelief): void {
    const family = belief.program === limits.programs.QEMU_PROGRAM ? 'qemu' : 'remote'
    this.number(`${family.toUpperCase()}_PROC_${belief.name}`, belief.number)
    this.#message(belief.args, `${family}_${belief.name.toLowerCase()}_args`)
    this.#message(belief.result, `${family}_${belief.name.toLowerCase()}_ret`)
  }

  /** A message is a structure of that name, or nothing where libvirt has no such structure. */
  #message(codec: AnyCodec, expected: string): void {
    const exists = this.#facts.structs.has(expected)
    if (codec.type === 'void') {
      if (exists) this.differences.push(`${expected}: we send nothing, libvirt has a structure`)
      return
    }
    if (codec.type !== expected) this.differences.push(`${expected}: ours is called ${codec.type}`)
    this.struct(codec)
  }

  struct(codec: AnyCodec, name = codec.type): void {
    if (codec.fields === undefined || this.structsSeen.has(name)) return
    this.structsSeen.add(name)
    const real = this.#facts.structs.get(name)
    if (real === undefined) return void this.differences.push(`struct ${name}: libvirt has none of that name`)
    const ours = Object.entries(codec.fields).map(([field, inner]) => ({
      name: field,
      type: inner.type,
      suffix: inner.suffix ?? '',
    }))
    const [believed, actual] = [ours, real].map((fields) => fields.map(fieldText).join('; '))
    if (believed !== actual) this.differences.push(`struct ${name}: we say {${believed}}, libvirt says {${actual}}`)
    for (const inner of Object.values(codec.fields)) this.#inside(inner)
  }

  #union(name: string, cases: Readonly<Record<string, AnyCodec>>): void {
    const real = this.#facts.unions.get(name) ?? {}
    const text = (of: Readonly<Record<string, string>>): string =>
      Object.entries(of)
        .map(([kind, type]) => `${kind}: ${type}`)
        .join('; ')
    const ours = text(Object.fromEntries(Object.entries(cases).map(([kind, { type }]) => [kind, type])))
    if (ours !== text(real)) this.differences.push(`union ${name}: we say {${ours}}, libvirt says {${text(real)}}`)
  }

  #inside(codec: AnyCodec): void {
    const { of: content, cases } = codec
    if (cases !== undefined) return this.#union(codec.type, cases)
    if (content === undefined) return this.struct(codec)
    // An array has its element's type; an optional value has a type of its own that points at the other.
    if (codec.type !== content.type && this.#facts.optionals.get(codec.type) !== content.type) {
      const real = this.#facts.optionals.get(codec.type) ?? 'nothing'
      this.differences.push(`${codec.type}: we say an optional ${content.type}, libvirt says ${real}`)
    }
    this.#inside(content)
  }

  /** A header with a different number in each field must show them in libvirt's order. */
  header(): void {
    const header = { program: 1, version: 2, procedure: 3, type: 4, serial: 5, status: 6 }
    const ours: Readonly<Record<string, number>> = { prog: 1, vers: 2, proc: 3, type: 4, serial: 5, status: 6 }
    const bytes = writeHeader(Buffer.alloc(headerBytes), header)
    const fields = this.#facts.structs.get('virNetMessageHeader') ?? []
    const isSame =
      fields.length === 6 && fields.every(({ name }, index) => bytes.readUInt32BE(4 + 4 * index) === ours[name])
    if (!isSame) this.differences.push(`virNetMessageHeader: libvirt says {${fields.map(fieldText).join('; ')}}`)
  }

  /** The same error goes by two names in two files. */
  error(): void {
    this.struct(errorStruct)
    const [remote, net] = ['remote_error', 'virNetMessageError'].map((name) => this.#facts.structs.get(name) ?? [])
    const namesOf = (fields: readonly Field[] | undefined): string => (fields ?? []).map(({ name }) => name).join()
    if (namesOf(remote) !== namesOf(net)) this.differences.push('remote_error and virNetMessageError are not the same')
  }

  typedef(name: string, expected: string): void {
    const real = this.#facts.typedefs.get(name)
    if (real !== expected)
      this.differences.push(`typedef ${name}: we say ${expected}, libvirt says ${real ?? 'nothing'}`)
  }
}

const fieldText = ({ type, name, suffix }: Field): string => `${type} ${name}${suffix}`

/** Everything that this client uses. `beliefs` is for tests of the comparison itself. */
export function compareProtocol(
  facts: Facts,
  beliefs: readonly ProcedureBelief[] = Object.values(procedures),
): Comparison {
  const comparer = new Comparer(facts)
  for (const belief of beliefs) comparer.procedure(belief)
  for (const event of Object.values(events)) {
    comparer.number(`REMOTE_PROC_${event.name}`, event.number)
    comparer.struct(event.message)
  }
  comparer.header()
  comparer.error()
  comparer.struct(streamHole)
  comparer.typedef('remote_nonnull_string', 'string<REMOTE_STRING_MAX>')
  comparer.typedef('remote_uuid', 'opaque[VIR_UUID_BUFLEN]')
  const tables = [
    limits.limits,
    limits.programs,
    limits.programVersions,
    limits.keepaliveProcedures,
    limits.messageTypes,
    limits.messageStatuses,
    limits.authTypes,
    limits.typedParamTypes,
    limits.flags,
    {
      VIR_DRV_FEATURE_PROGRAM_KEEPALIVE: limits.VIR_DRV_FEATURE_PROGRAM_KEEPALIVE,
      VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER: limits.VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER,
    },
  ]
  for (const table of tables) comparer.numbers(table)
  compareNames(comparer)
  return {
    differences: comparer.differences,
    checked: { procedures: beliefs.length, structs: comparer.structsSeen.size, numbers: comparer.numbersSeen },
  }
}

function compareNames(comparer: Comparer): void {
  const upper = (name: string): string => name.replaceAll('-', '').toUpperCase()
  comparer.names('VIR_DOMAIN_', enums.domainStates, 'domain state')
  comparer.names('VIR_DOMAIN_EVENT_', enums.domainEvents, 'domain event')
  comparer.names('VIR_STORAGE_POOL_', enums.poolStates, 'pool state')
  comparer.names('VIR_STORAGE_VOL_', enums.volumeTypes, 'volume type')
  comparer.names('VIR_DOMAIN_BLOCK_JOB_TYPE_', enums.blockJobTypes, 'block job type')
  comparer.names('VIR_DOMAIN_EVENT_WATCHDOG_', enums.watchdogActions, 'watchdogActions')
  comparer.names('VIR_DOMAIN_EVENT_IO_ERROR_', enums.ioErrorActions, 'ioErrorActions')
  comparer.names('VIR_DOMAIN_EVENT_GRAPHICS_', enums.graphicsPhases, 'graphicsPhases')
  comparer.names('VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_', enums.graphicsFamilies, 'graphicsFamilies')
  comparer.names('VIR_DOMAIN_BLOCK_JOB_', enums.blockJobStatuses, 'blockJobStatuses')
  comparer.names('VIR_DOMAIN_EVENT_DISK_', enums.diskChangeReasons, 'diskChangeReasons')
  comparer.names('VIR_DOMAIN_EVENT_TRAY_CHANGE_', enums.trayChangeReasons, 'trayChangeReasons')
  comparer.names('VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_', enums.agentStates, 'agentStates')
  comparer.names('VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_', enums.agentReasons, 'agentReasons')
  comparer.names('VIR_DOMAIN_METADATA_', enums.metadataTypes, 'metadataTypes')
  comparer.names('VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_', enums.memoryFailureRecipients, 'memoryFailureRecipients')
  comparer.names('VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_', enums.memoryFailureActions, 'memoryFailureActions')
  comparer.names('VIR_NETWORK_EVENT_', enums.networkEvents, 'networkEvents')
  comparer.names('VIR_STORAGE_POOL_EVENT_', enums.poolEvents, 'poolEvents')
  comparer.names('VIR_KEYCODE_SET_', enums.keycodeSets, 'keycodeSets')
  comparer.names('VIR_DOMAIN_JOB_', enums.jobTypes, 'jobTypes')
  comparer.names('VIR_DOMAIN_MEMORY_STAT_', enums.memoryStatTags, 'memoryStatTags')
  comparer.names('VIR_NETWORK_UPDATE_COMMAND_', enums.networkCommands, 'networkCommands')
  comparer.names('VIR_NETWORK_SECTION_', enums.networkSections, 'networkSections')
  comparer.names('VIR_IP_ADDR_TYPE_', enums.addressFamilies, 'address family')
  for (const [state, reasons] of Object.entries(enums.domainStateReasons)) {
    comparer.names(`VIR_DOMAIN_${upper(state)}_`, reasons, `reason of ${state}`)
  }
  for (const [event, details] of Object.entries(enums.domainEventDetails)) {
    comparer.names(`VIR_DOMAIN_EVENT_${upper(event)}_`, details, `detail of ${event}`)
  }
  const isWarning = ([name]: readonly [string, number]): boolean => name.startsWith('war-')
  const all = Object.entries(errorCodes)
  comparer.names('VIR_ERR_', Object.fromEntries(all.filter((entry) => !isWarning(entry))), 'error code')
  comparer.names('VIR_', Object.fromEntries(all.filter(isWarning)), 'error code')
  comparer.names('VIR_FROM_', errorDomains, 'error domain')
}
