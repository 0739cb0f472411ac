/** The recorders of a Hyper-V host that is another computer: recorder.ps1 there, spoken to through a relay behind ssh. */
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import * as z from 'zod'
import { AzlVmError } from '../../src/errors.ts'
import type { Call } from '../../src/provider/contract.ts'
import type { Piece, Recorded } from '../../src/recorder/recorded.ts'
import { RecorderLine } from '../../src/recorder/recorder-line.ts'
import type { Recorders } from '../../src/recorder/recorders.ts'
import { startOnHost } from './host-process.ts'
import type { Session } from './session.ts'
import { readStreamLine } from './stream-line.ts'

const noteSchema = z.object({ pid: z.number(), address: z.string(), token: z.string() })
const pieceSchema = z.object({ at: z.number(), bytes: z.string() })
type Note = z.output<typeof noteSchema>

/** How long PowerShell may take to begin it on a busy host, milliseconds. */
const beginMs = 60_000
/** How much of a log is read at once; bytes. */
const pieceBytes = 256 * 1024

// \\.\pipe\azl-vm-0e9e7c44-1111-4222-8333-444455556666
const localPipe = /^\\\\\.\\pipe\\([A-Za-z0-9._-]+)$/i

export class RemoteRecorders implements Recorders {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  recorded(id: string, call: Call): Recorded {
    const read = (file: 'serial' | 'events', offset: number): Promise<Piece> => this.#read(id, file, offset, call)
    return {
      async *piecesFrom(from) {
        for (let offset = from; ;) {
          const piece = await read('serial', offset)
          if (piece.bytes.length === 0) return
          offset = piece.at + piece.bytes.length
          yield piece
        }
      },
      events: async () => {
        const pieces: Uint8Array[] = []
        for (let offset = 0; ;) {
          const { bytes } = await read('events', offset)
          if (bytes.length === 0) return Buffer.concat(pieces).toString('utf8')
          offset += bytes.length
          pieces.push(bytes)
        }
      },
    }
  }

  /** It is begun by the worker, which makes the machine meanwhile. */
  prepare(): void {
    return
  }

  takePrepared(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async ensure(id: string, portPath: string, call: Call): Promise<RecorderLine> {
    const [, pipe] = localPipe.exec(portPath) ?? []
    if (pipe === undefined)
      throw new AzlVmError('resource-busy', `COM1 of the machine is "${portPath}" and not azl-vm’s pipe`, {
        hint: 'Somebody changed it. Set it back in Hyper-V, or make the machine anew.',
      })
    const { context, choice } = this.#session
    const note = await context.sharedLock(`recorder of ${id} at ${choice.host}`, call, () =>
      this.#session.run(
        'start-recorder',
        { id, pipe, waitMs: beginMs },
        { action: 'begin the recorder of the serial port', schema: noteSchema },
        call,
      ),
    )
    const line = await this.#open(note, call)
    if (line) return line
    throw new AzlVmError('backend-failed', 'the recorder of the serial port ended as soon as it began')
  }

  async find(id: string, call: Call): Promise<RecorderLine | undefined> {
    const schema = z.object({ recorder: noteSchema.nullable() })
    const asked = { action: 'look for the recorder of the serial port', schema }
    const { recorder } = await this.#session.run('find-recorder', { id }, asked, call)
    return recorder ? await this.#open(recorder, call) : undefined
  }

  /** What is found out at the host by `find` alone: the next console begins another. */
  wasKilled(): Promise<boolean> {
    return Promise.resolve(false)
  }

  async remove(id: string, call: Call): Promise<readonly string[]> {
    const asked = { action: 'end the recorder of the serial port', schema: z.string() }
    const folder = await this.#session.run('remove-recorder', { id }, asked, call)
    return folder === '' ? [] : [`recorder and serial log ${folder}`]
  }

  async machineIds(call: Call): Promise<readonly string[]> {
    const asked = { action: 'look for recorders', schema: z.object({ ids: z.array(z.string()) }) }
    return (await this.#session.run('list-recorders', {}, asked, call)).ids
  }

  async #read(id: string, file: 'serial' | 'events', offset: number, call: Call): Promise<Piece> {
    const asked = { action: 'read the log of the serial port', schema: pieceSchema }
    const { at, bytes } = await this.#session.run(
      'read-recorded',
      { id, file, offset, mostBytes: pieceBytes },
      asked,
      call,
    )
    return { at, bytes: Buffer.from(bytes, 'base64') }
  }

  /** Through a relay of its own, which ends with the line. */
  async #open(note: Note, call: Call): Promise<RecorderLine | undefined> {
    const { choice, context } = this.#session
    const relay = startOnHost(choice, 'relay', context)
    relay.stderr.resume()
    const abort = (): void => {
      relay.kill()
    }
    call.signal.addEventListener('abort', abort, { once: true })
    try {
      call.signal.throwIfAborted()
      relay.stdin.write(`${JSON.stringify({ pipe: note.address, timeoutMs: 2000 })}\n`)
      const said = await readStreamLine(relay.stdout, 65_536)
      if (said === undefined) throw (await relay.ended).error ?? relayEnded(choice.host)
      if (!(JSON.parse(said) as { readonly isConnected: boolean }).isConnected) {
        relay.kill()
        return undefined
      }
      const connection = Duplex.from({ readable: relay.stdout, writable: relay.stdin })
      void once(connection, 'close').then(abort, abort)
      return await RecorderLine.over(connection, note)
    } catch (error) {
      relay.kill()
      if (call.signal.aborted)
        throw new AzlVmError('cancelled', 'interrupted: connect to the recorder of the serial port', { cause: error })
      throw error
    } finally {
      call.signal.removeEventListener('abort', abort)
    }
  }
}

function relayEnded(host: string): AzlVmError {
  return new AzlVmError('backend-failed', `the relay of the serial port at ${host} ended before it was connected`)
}
