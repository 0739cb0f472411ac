/** The recorders of this home: begins one for a machine, finds it again, ends it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { AzlVmError, errorText, isAzlVmError } from '../errors.ts'
import type { Call, ProviderContext } from '../provider/contract.ts'
import { hasCode, stateError } from '../store/atomic-file.ts'
import { makeFolder } from '../store/make-folder.ts'
import { asOneRecorder, lineInto } from './one-recorder.ts'
import { recordedIn, type Recorded } from './recorded.ts'
import { readNote, recorderFolder, removeFolder, removeSocket, type RecorderFolder } from './recorder-folder.ts'
import type { RecorderLine } from './recorder-line.ts'
import { watched } from './watched.ts'

/** The recorders of a host's machines. */
export interface Recorders {
  /** What was heard of a machine; there may be nothing yet. */
  recorded(machineId: string, call: Call): Recorded
  /** A line to the machine's recorder, which is begun where none runs; it listens when this resolves. */
  ensure(machineId: string, portPath: string, call: Call): Promise<RecorderLine>
  /**
   * Begins the recorder of a machine that is being made, and does not wait for it: `takePrepared` or `ensure` does. It is
   * held until then, so that it does not take the machine for one that went off.
   */
  prepare(machineId: string, portPath: string, call: Call): void
  /** Undefined where none was prepared, where it was taken already, by `ensure` too, and where it failed. */
  takePrepared(machineId: string): Promise<RecorderLine | undefined>
  /** Lets go of those that nobody came for. */
  close(): Promise<void>
  /** Undefined where none runs; `timed-out` where it does not answer. */
  find(machineId: string, call: Call): Promise<RecorderLine | undefined>
  /** Whether one was killed, where `find` finds none: who ends by itself leaves no note. */
  wasKilled(machineId: string, call: Call): Promise<boolean>
  /** Ends the machine's recorder and removes what it kept; none is done. What a report of removal lists of it. */
  remove(machineId: string, call: Call): Promise<readonly string[]>
  /** Ids of the machines that something is kept of at their host, so that what outlived its machine can be removed. */
  machineIds(call: Call): Promise<readonly string[]>
}

type LocalContext = Pick<ProviderContext, 'recorder' | 'sharedLock' | 'env' | 'platform'>

/**
 * Processes of this computer, each of which is azl-vm's own recorder.js. A provider has a folder of its own, so that it
 * knows whose machines something is kept of: all of them are on this computer.
 */
export class LocalRecorders implements Recorders {
  readonly #context: LocalContext
  readonly #root: string
  readonly #prepared = new Map<string, Promise<RecorderLine | undefined>>()

  constructor(provider: string, context: LocalContext) {
    this.#context = context
    this.#root = join(context.recorder.folder, provider)
  }

  recorded(machineId: string): Recorded {
    return recordedIn(this.#folder(machineId))
  }

  #folder(machineId: string): RecorderFolder {
    return recorderFolder(this.#root, machineId)
  }

  prepare(machineId: string, portPath: string, call: Pick<Call, 'signal' | 'debug'>): void {
    if (this.#prepared.has(machineId)) return
    const line = this.#begin(machineId, portPath, call).catch((error: unknown) => {
      call.debug('the recorder is begun once more when it is needed', { machineId, error: errorText(error) })
      return undefined
    })
    this.#prepared.set(machineId, line)
  }

  async close(): Promise<void> {
    for (const machineId of this.#prepared.keys()) (await this.takePrepared(machineId))?.close()
  }

  async ensure(machineId: string, portPath: string, call: Pick<Call, 'signal' | 'debug'>): Promise<RecorderLine> {
    return (await this.takePrepared(machineId)) ?? (await this.#begin(machineId, portPath, call))
  }

  async takePrepared(machineId: string): Promise<RecorderLine | undefined> {
    const preparing = this.#prepared.get(machineId)
    this.#prepared.delete(machineId)
    const line = await preparing
    return line?.isEnded === false ? line : undefined
  }

  async #begin(machineId: string, portPath: string, call: Pick<Call, 'signal' | 'debug'>): Promise<RecorderLine> {
    return await this.#context.sharedLock(`recorder of ${machineId}`, call, async () => {
      const running = await this.find(machineId)
      if (running) return running
      await this.#start(machineId, portPath, call)
      const line = await this.find(machineId)
      if (!line) throw new AzlVmError('backend-failed', 'the recorder of the serial port ended as soon as it began')
      return line
    })
  }

  async find(machineId: string): Promise<RecorderLine | undefined> {
    return await lineInto(this.#folder(machineId))
  }

  async remove(machineId: string): Promise<readonly string[]> {
    const folder = this.#folder(machineId)
    const removed: string[] = []
    const place = { folder, platform: this.#context.platform, isWanted: () => existsSync(folder.dir) }
    const remove = async (): Promise<void> => {
      const note = await readNote(folder)
      // Its socket may lie elsewhere.
      if (note) await removeSocket(note.address, folder)
      await removeFolder(folder)
      removed.push(`recorder and serial log ${folder.dir}`)
    }
    // Also one that was only beginning.
    do await this.#end(machineId, folder)
    while (!(await asOneRecorder(place, remove)))
    return removed
  }

  /** One that does not answer is killed: nobody but itself takes connections there, so the process is it. */
  async #end(machineId: string, folder: RecorderFolder): Promise<void> {
    try {
      const line = (await this.takePrepared(machineId)) ?? (await this.find(machineId))
      await line?.endRecorder()
    } catch (error) {
      const note = await readNote(folder)
      if (!note || !isAzlVmError(error, 'timed-out')) throw error
      process.kill(note.pid, 'SIGKILL')
    }
  }

  async machineIds(): Promise<readonly string[]> {
    return await readdir(this.#root).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return []
      throw stateError(this.#root, error)
    })
  }

  async wasKilled(machineId: string): Promise<boolean> {
    return (await readNote(this.#folder(machineId))) !== undefined
  }

  /** A process of its own session, with no stream of ours: it outlives this command. */
  async #start(machineId: string, portPath: string, { signal, debug }: Pick<Call, 'signal' | 'debug'>): Promise<void> {
    signal.throwIfAborted()
    const { recorder, platform } = this.#context
    const [program] = recorder.command
    const [first, ...words] = platform === 'win32' ? recorder.command : [...watched, ...recorder.command]
    makeFolder(this.#root, 0o700)
    const child = spawn(first, [...words, this.#root, machineId, portPath], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
      env: this.#context.env,
      // A folder that a process works in cannot be removed on Windows.
      cwd: dirname(program),
    })
    const said = await firstLine(child.stdout, once(child, 'error'))
    child.stdout.destroy()
    child.unref()
    debug('recorder of the serial port', { pid: child.pid, machineId, portPath, said })
    if (said !== ready)
      throw new AzlVmError(
        'backend-failed',
        `the recorder of the serial port did not begin: ${said ?? 'it said nothing'}`,
      )
  }
}

/** What recorder.js says once it listens. */
const ready = JSON.stringify({ ready: true })

async function firstLine(
  stream: NodeJS.ReadableStream,
  failed: Promise<readonly unknown[]>,
): Promise<string | undefined> {
  const lines = createInterface({ input: stream })
  try {
    return await Promise.race([
      once(lines, 'line').then(([line]) => String(line)),
      once(lines, 'close').then(() => undefined),
      failed.then(([error]) => {
        throw error
      }),
    ])
  } finally {
    lines.close()
  }
}
