/** What a script of this folder is, and what it said: lines of JSON. */
import type * as z from 'zod'

/** One script of this folder, as powershell.exe gets it. */
export interface ScriptRun {
  readonly command: string
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** What a script said. */
export class Said {
  readonly stray: readonly string[]
  readonly #values: readonly unknown[]

  constructor(stdout: string, stderr: string) {
    const lines = stdout.split(/\r?\n/).filter((line) => line !== '')
    this.#values = lines.map(parsed)
    this.stray = [...lines.filter((_, at) => this.#values[at] === undefined), ...(stderr === '' ? [] : [stderr])]
  }

  /** Those lines that fit. */
  all<T>(schema: z.ZodType<T>): T[] {
    return this.#values.flatMap((value) => {
      const result = schema.safeParse(value)
      return result.success ? [result.data] : []
    })
  }
}

export function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
