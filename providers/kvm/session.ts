/** One provider's way to its libvirt: the connection, made when it is first needed, and what every part uses. */
import { connect, isNoDomain, type Connection, type Domain } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ProviderContext } from '../../src/provider/contract.ts'
import type { MachineRef } from '../../src/provider/machine.ts'
import { machineGone } from '../../src/provider/machine-errors.ts'
import { parseDomain, type DomainConfig } from './domain-config.ts'
import { translated } from './errors.ts'
import type { HostChoice } from './host.ts'

export class Session {
  readonly choice: HostChoice
  readonly context: ProviderContext
  #connection: Promise<Connection> | undefined
  #isClosed = false
  #latest: { readonly xml: string; readonly config: DomainConfig } | undefined

  constructor(choice: HostChoice, context: ProviderContext) {
    this.choice = choice
    this.context = context
  }

  /** The one connection for calls; consoles have their own. A broken one is made anew by the next call. */
  async connection(call: Call): Promise<Connection> {
    // A connection that nobody closes any more would keep the process alive.
    if (this.#isClosed) throw new AzlVmError('backend-failed', `the way to libvirt at ${this.choice.uri} is closed`)
    this.#connection ??= this.#connect(call)
    return await this.#connection
  }

  async #connect(call: Call): Promise<Connection> {
    const { uri, isProgramNamed } = this.choice
    if (isProgramNamed) throw programNamed(uri)
    try {
      const connection = await translated(`connect to ${uri}`, uri, () =>
        connect(uri, { signal: call.signal, env: this.context.env }),
      )
      void connection.closed.then(() => {
        this.#connection = undefined
      })
      return connection
    } catch (error) {
      this.#connection = undefined
      throw error
    }
  }

  /** Runs one piece of work on the connection; libvirt's errors come out translated. */
  async run<T>(action: string, call: Call, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.connection(call)
    call.debug(action)
    return await translated(action, this.choice.uri, () => work(connection))
  }

  /** The domain, or undefined where there is none of this id. */
  async findDomain(ref: MachineRef, call: Call): Promise<Domain | undefined> {
    return await this.run(`look for ${ref.name}`, call, async (connection) => {
      try {
        return await connection.lookupDomainByUuid(ref.id, call)
      } catch (error) {
        if (isNoDomain(error)) return undefined
        throw error
      }
    })
  }

  async domain(ref: MachineRef, call: Call): Promise<Domain> {
    const domain = await this.findDomain(ref, call)
    if (domain) return domain
    throw machineGone(ref)
  }

  /** What the machine will be at its next start. */
  async config(domain: Domain, call: Call): Promise<DomainConfig> {
    return await this.run(`read ${domain.name}`, call, async () =>
      this.parse(await domain.xml({ ...signalOf(call), inactive: true })),
    )
  }

  /** The parts of one verb read the same domain one after the other: what was parsed last is kept. */
  parse(xml: string): DomainConfig {
    if (this.#latest?.xml !== xml) this.#latest = { xml, config: parseDomain(xml) }
    return this.#latest.config
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connection = this.#connection
    this.#connection = undefined
    await (await connection?.catch(() => undefined))?.close()
  }
}

/** A spec is often somebody else's: it does not choose programs for this computer. */
function programNamed(uri: string): AzlVmError {
  return new AzlVmError('usage', `${uri} names a program to run here (command=), and a spec may not`, {
    hint: 'Leave it out; or write the URI into LIBVIRT_DEFAULT_URI, and `host: local` into the spec.',
  })
}

/** Long enough for two answers of a libvirt that lives. */
const afterFailureMs = 10_000

/** For what is still to be asked after a failure, also where that was an interruption. */
export function afterFailure(call: Call): Call {
  return { ...call, signal: AbortSignal.timeout(afterFailureMs) }
}

/** libvirt-ts takes options of which we hand on the signal only. */
export function signalOf(call: Call): { readonly signal: AbortSignal } {
  return { signal: call.signal }
}
