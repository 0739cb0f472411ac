/** A serial port of a domain, both ways, on a connection of its own. */
import { isLibvirtError, isNoDomain, type Connection, type ConsoleStream, type Domain } from 'libvirt-ts'
import { AzlVmError } from '../../src/errors.ts'
import type { Call, ConsoleEnd, ConsoleHandle, ConsoleRequest } from '../../src/provider/contract.ts'
import { translateError } from './errors.ts'
import { serialAlias, type SerialIndex } from './serial-ports.ts'
import { signalOf, type Session } from './session.ts'

/** A console that may be opened before there is anything to open: `start` connects it to the paused machine. */
export class ArmedConsole implements ConsoleHandle {
  readonly ended: Promise<ConsoleEnd>
  readonly serial: SerialIndex
  readonly #request: ConsoleRequest
  readonly #host: string
  #settle: ((end: ConsoleEnd) => void) | undefined
  #stream: ConsoleStream | undefined
  #onFirstByte: (() => void) | undefined
  #isClosed = false

  constructor(request: ConsoleRequest, serial: SerialIndex, host: string) {
    this.serial = serial
    this.#request = request
    this.#host = host
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves at the next byte from the guest. */
  firstByte(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirstByte = resolve
    })
  }

  /** Connects to the machine, running or paused. */
  async connect(session: Session, domain: Domain, call: Call): Promise<void> {
    const connection = await session.connection(call)
    const looking = instanceOf(connection, domain)
    // Where the console does not open, that is the error to tell.
    looking.catch(() => undefined)
    try {
      this.#stream = await domain.openConsole({
        ...signalOf(call),
        force: this.#request.force === true,
        // libvirt's own choice is the first.
        ...(this.serial === 0 ? {} : { device: serialAlias(this.serial) }),
        onData: (chunk) => {
          this.#onFirstByte?.()
          this.#request.onData(chunk)
        },
      })
    } catch (error) {
      throw consoleError(error, domain, this.#host)
    }
    const stream = this.#stream
    const instance = await looking
    void stream.ended.then((end) => {
      if (this.#stream !== stream) return
      // Who is thrown out by force is told of an I/O failure (code `rpc`), not of an end (seen with 9.0).
      const isThrownOut: boolean = isLibvirtError(end.error, 'rpc')
      if (end.reason === 'error' && !isThrownOut)
        this.#end({ why: 'broken', error: end.error ?? new Error('the stream broke') })
      else if (end.reason === 'closed') this.#end({ why: 'closed' })
      else
        void whyEndOfFile(connection, domain, {
          instance,
          noticeMs: isThrownOut ? noticeMs.usual : noticeMs.endOfFile,
        }).then((end) => {
          this.#end(end)
        })
    })
  }

  /** Lets go of a machine that is to be started anew; the console itself stays open. */
  async disconnect(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    await stream?.close()
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#stream)
      throw new AzlVmError('resource-busy', 'the console is not connected to a machine: nothing can be typed there', {
        hint: 'It is connected when the machine starts.',
      })
    await this.#stream.write(bytes)
  }

  async close(): Promise<void> {
    await this.#finish('closed')
  }

  /** Lets somebody else have the port. */
  async giveUp(): Promise<void> {
    await this.#finish('taken')
  }

  /** There is no machine any more to wait for. */
  async machineGone(): Promise<void> {
    await this.#finish('machine-off')
  }

  async #finish(why: 'closed' | 'taken' | 'machine-off'): Promise<void> {
    this.#isClosed = true
    await this.disconnect()
    this.#end({ why })
  }

  #end(end: ConsoleEnd): void {
    this.#settle?.(end)
  }
}

/** The id of the run that the domain is in, which no other run of it has; undefined where it is off. */
async function instanceOf(connection: Connection, { uuid }: Domain): Promise<number | undefined> {
  try {
    return (await connection.lookupDomainByUuid(uuid)).id
  } catch (error) {
    if (isNoDomain(error)) return undefined
    throw error
  }
}

/**
 * The stream ends alike when the machine goes off and when somebody else takes the port; and who is off may have been
 * brought back by the time that we look.
 */
async function whyEndOfFile(
  connection: Connection,
  domain: Domain,
  { instance, noticeMs }: { readonly instance: number | undefined; readonly noticeMs: number },
): Promise<ConsoleEnd> {
  try {
    const isOver = async (): Promise<boolean> => {
      const now = await instanceOf(connection, domain)
      return now === undefined || now !== instance
    }
    return { why: (await comesTrue(isOver, noticeMs)) ? 'machine-off' : 'taken' }
  } catch (error) {
    return { why: 'broken', error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** After a sign that QEMU is gone: whether libvirt comes to see it so. Throws where libvirt cannot be asked. */
export async function isGoingOff(session: Session, domain: Domain, call: Call): Promise<boolean> {
  const connection = await session.connection(call)
  return await comesTrue(async () => (await instanceOf(connection, domain)) === undefined, noticeMs.usual)
}

/**
 * How long libvirt may take to notice that QEMU, whose port is closed already, is gone. Asked again and again: its event
 * may have come before anybody listened for it, and a consumer of the console need not listen to events at all. An end of
 * file is hardly anything else, so there is no hurry to say that it was.
 */
const noticeMs = { usual: 1000, endOfFile: 5000 }
const lookEveryMs = 25

async function comesTrue(isTrue: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += lookEveryMs) {
    if (await isTrue()) return true
    await new Promise((resolve) => {
      setTimeout(resolve, lookEveryMs)
    })
  }
  return false
}

function consoleError(error: unknown, domain: Domain, host: string): unknown {
  // libvirt says operation-failed here for nothing else (qemuDomainOpenConsole).
  const isHeld: boolean = isLibvirtError(error, 'operation-failed')
  if (isHeld) return portIsHeld(domain.name, error)
  return translateError(error, `open the console of ${domain.name}`, host)
}

export function portIsHeld(name: string, cause?: unknown): AzlVmError {
  return new AzlVmError('resource-busy', `somebody else holds the serial port of "${name}"`, {
    ...(cause === undefined ? {} : { cause }),
    hint: '`azl-vm console --force` takes it over; `azl-vm logs --follow` reads along without it.',
  })
}
