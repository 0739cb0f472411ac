/** The worker's lines: one JSON object each, ASCII both ways. The scripts are ours, so what they say is checked once, here. */
import * as z from 'zod'

const helloSchema = z.object({
  hello: z.literal(1),
  languageMode: z.literal('FullLanguage'),
  psVersion: z.string(),
  psEdition: z.string(),
  culture: z.string(),
  /** Of Windows, e.g. 26100. */
  build: z.number(),
  /** Windows' own word, e.g. `Professional` or `ServerStandard`; '' where it is not said. */
  edition: z.string(),
  rights: z.object({ administrator: z.boolean(), hyperVAdministrators: z.boolean() }),
  separator: z.enum(['\\', '/']),
  /** .NET's word for the system's architecture, e.g. `X64` or `Arm64`. */
  architecture: z.string(),
  /** The user's own folder. */
  home: z.string(),
  machineId: z.string(),
  /** What the host's clock showed when this was said. */
  clock: z.iso.datetime(),
})

/** In a restricted language mode the worker can say nothing else. */
const restrictedSchema = z.object({ hello: z.literal(1), languageMode: z.string() })

const failureSchema = z.object({
  message: z.string(),
  category: z.string(),
  errorId: z.string(),
  hresult: z.string(),
  exception: z.string(),
  target: z.string().nullable(),
  script: z.string(),
  line: z.number(),
})

const answerSchema = z.discriminatedUnion('ok', [
  z.object({ id: z.number(), ok: z.literal(true), value: z.unknown(), warnings: z.array(z.string()) }),
  z.object({ id: z.number(), ok: z.literal(false), error: failureSchema }),
])

export type Hello = z.output<typeof helloSchema>
/** What a verb failed with: ids and numbers that are the same in every language, and the text. */
export type Failure = z.output<typeof failureSchema>
export type Answer = z.output<typeof answerSchema>

export type WorkerLine =
  | { readonly is: 'hello'; readonly hello: Hello }
  | { readonly is: 'restricted'; readonly languageMode: string }
  | { readonly is: 'answer'; readonly answer: Answer }
  | { readonly is: 'stray' }

/** Anything that is no line of the protocol is stray output, never an answer. */
export function readLine(line: string): WorkerLine {
  const value = jsonOf(line)
  const hello = helloSchema.safeParse(value)
  if (hello.success) return { is: 'hello', hello: hello.data }
  const restricted = restrictedSchema.safeParse(value)
  if (restricted.success) return { is: 'restricted', languageMode: restricted.data.languageMode }
  const answer = answerSchema.safeParse(value)
  return answer.success ? { is: 'answer', answer: answer.data } : { is: 'stray' }
}

/** A line of a script as JSON; undefined where it is none. */
export function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

export function requestLine(id: number, verb: string, args: Readonly<Record<string, unknown>>): string {
  return `${asciiJson({ id, verb, arguments: args })}\n`
}

/** Windows PowerShell reads a pipe in the console's code page; what is beyond ASCII is written as JSON escapes. */
export function asciiJson(value: unknown): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, escape)
}
