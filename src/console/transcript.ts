import { StringDecoder } from 'node:string_decoder'
import { AppendFile } from '../store/append-file.ts'
import { serialLine } from './boot-stages.ts'

/** How much of the end is kept in memory for error texts. */
const tailBytes = 16 * 1024

/**
 * The serial port's text of one run: every byte to the file first, then to who listens. Memory is bounded
 * whatever the guest writes; the file is complete.
 */
export class Transcript {
  readonly path: string
  readonly #file: AppendFile
  readonly #decoder = new StringDecoder('utf8')
  readonly #listeners = new Set<(text: string) => void>()
  #tail = ''
  #bytes = 0

  constructor(file: string) {
    this.path = file
    this.#file = new AppendFile(file)
  }

  get bytes(): number {
    return this.#bytes
  }

  write(bytes: Uint8Array): void {
    this.#file.append(bytes)
    this.#bytes += bytes.length
    const text = this.#decoder.write(bytes)
    this.#tail = (this.#tail + text).slice(-tailBytes)
    for (const listener of this.#listeners) listener(text)
  }

  onText(listener: (text: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The last lines that hold something, oldest first, safe to print. */
  lastLines(count: number): readonly string[] {
    const lines = this.#tail.split(/\r\n|\n|\r/).map(serialLine)
    return lines.filter((line) => line.trim() !== '').slice(-count)
  }

  close(): void {
    this.#file.close()
  }
}
