import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { stateError } from './atomic-file.ts'
import { makeFolder } from './make-folder.ts'

/** A file that only grows, written in place so that what was said before a crash stays readable. */
export class AppendFile {
  readonly path: string
  #descriptor: number | undefined

  /** Opens at once, so that a path that cannot be written fails before the work and not after it. */
  constructor(file: string) {
    this.path = file
    try {
      makeFolder(path.dirname(file), 0o700)
      this.#descriptor = openSync(file, 'a', 0o600)
    } catch (error) {
      throw stateError(file, error)
    }
  }

  append(content: string | Uint8Array): void {
    if (this.#descriptor === undefined) return
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#descriptor, bytes, at)
    } catch (error) {
      throw stateError(this.path, error)
    }
  }

  /** Returns once what `append` wrote is on the disk itself. */
  sync(): void {
    try {
      if (this.#descriptor !== undefined) fsyncSync(this.#descriptor)
    } catch (error) {
      throw stateError(this.path, error)
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}
