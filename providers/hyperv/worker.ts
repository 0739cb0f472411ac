/** The client of the PowerShell process that asks Hyper-V: one request at a time, each with a deadline and a signal. */
import { AzlVmError } from '../../src/errors.ts'
import { stderrLines } from './clixml.ts'
import type { HostProcess } from './host-process.ts'
import { readLine, requestLine, type Answer, type Failure, type Hello } from './protocol.ts'

export interface Request {
  readonly verb: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** From when the worker gets it. After it the worker is killed, and what it was at may still go on in Hyper-V. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A verb that Hyper-V, or PowerShell before it, refused. */
export class VerbError extends Error {
  readonly verb: string
  readonly failure: Failure

  constructor(verb: string, failure: Failure) {
    super(failure.message)
    this.name = 'VerbError'
    this.verb = verb
    this.failure = failure
  }
}

export interface Reply {
  readonly value: unknown
  readonly warnings: readonly string[]
}

interface Waiting {
  readonly id: number
  readonly request: Request
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: unknown) => void
}

/** Output beyond this is not kept: it is for the log and for errors only. Characters. */
const keptOutput = 16_384

/**
 * How long a request that nobody waits for any more may take to its end. Most of Hyper-V's take less; the next one then
 * needs no new PowerShell, which would have to import the module again. Milliseconds.
 */
const givenUpLimitMs = 3000

/** For the first line: PowerShell's start, on another computer also ssh's way there and our scripts'. Milliseconds. */
const helloLimitMs = 120_000

/** One process, with worker.ps1. It cannot be used again once it has ended, by whatever cause. */
export class Worker {
  /** Settles with the worker's first line; rejects where there was none, also within its deadline. */
  readonly hello: Promise<Hello>
  readonly #process: HostProcess
  readonly #queue: Waiting[] = []
  readonly #closed: Promise<void>
  #current: Waiting | undefined
  #end: AzlVmError | undefined
  #lastId = 0
  #unread = ''
  #stray = ''
  #stderr = ''
  #stopWatching: () => void = () => undefined
  #free: Promise<void> = Promise.resolve()
  #setFree: () => void = () => undefined
  #settleHello!: { readonly resolve: (hello: Hello) => void; readonly reject: (error: AzlVmError) => void }

  /** `policyScope` tells who forbids scripts, once one was refused for that; see policy-scope.ts. */
  constructor(host: HostProcess, policyScope: () => Promise<string | undefined> = () => Promise.resolve(undefined)) {
    const helloTimer = setTimeout(() => {
      this.#kill(this.#silentError())
    }, helloLimitMs)
    this.hello = new Promise<Hello>((resolve, reject) => {
      this.#settleHello = { resolve, reject }
    }).finally(() => {
      clearTimeout(helloTimer)
    })
    // Whoever asks later hears of it then.
    this.hello.catch(() => undefined)
    this.#process = host
    this.#closed = host.ended.then(async ({ how, error }) => {
      if (this.#end) return
      const evidence = this.#evidence()
      if (error) this.#ended(error)
      else if (evidence.some((line) => scriptsDisabled.test(line)))
        this.#ended(policyError(await policyScope(), evidence))
      else this.#ended(this.#diedError(how))
    })
    host.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#read(text)
    })
    host.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = kept(this.#stderr + text)
    })
  }

  /** False once the process has ended or was killed. */
  get isUsable(): boolean {
    return this.#end === undefined
  }

  /** Resolves once nothing is at work any more that was interrupted: it came to its end, or the process was killed. */
  get free(): Promise<void> {
    return this.#free
  }

  /** Lines that were no answers, for the log. */
  get strayOutput(): string {
    return this.#stray
  }

  /** Requests are answered in their order. Rejects with a {@link VerbError}, or an AzlVmError where no answer came. */
  async request(request: Request): Promise<Reply> {
    const { signal } = request
    return await new Promise<Reply>((resolve, reject) => {
      if (this.#end) {
        reject(this.#end)
        return
      }
      if (signal.aborted) {
        reject(cancelled(request, signal.reason))
        return
      }
      this.#lastId += 1
      this.#queue.push({ id: this.#lastId, request, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#current !== undefined) return
    const next = this.#queue.shift()
    if (next === undefined) return
    if (next.request.signal.aborted) {
      next.reject(cancelled(next.request, next.request.signal.reason))
      this.#next()
      return
    }
    this.#current = next
    this.#watch(next)
    this.#process.stdin.write(requestLine(next.id, next.request.verb, next.request.arguments))
  }

  /** PowerShell gives no way to call a running cmdlet back: after its deadline the process is ended. */
  #watch(waiting: Waiting): void {
    const { signal, timeoutMs, verb } = waiting.request
    const abort = (): void => {
      this.#giveUp(waiting)
    }
    const timer = setTimeout(() => {
      const seconds = String(Math.round(timeoutMs / 1000))
      const hint = 'Hyper-V may still be at it: look again with `azl-vm status` before you repeat it.'
      this.#kill(new AzlVmError('timed-out', `Hyper-V did not answer "${verb}" within ${seconds} s`, { hint }))
    }, timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    this.#stopWatching = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Whoever asked goes on at once; what is asked next, to take it back, comes after it. */
  #giveUp({ request, reject }: Waiting): void {
    const error = cancelled(request, request.signal.reason)
    this.#stopWatching()
    this.#free = new Promise((resolve) => (this.#setFree = resolve))
    const timer = setTimeout(() => {
      this.#kill(error)
    }, givenUpLimitMs)
    this.#stopWatching = () => {
      clearTimeout(timer)
    }
    reject(error)
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split('\n')
    this.#unread = lines.pop() ?? ''
    for (const line of lines) this.#take(line.replace(/\r$/, ''))
  }

  #take(line: string): void {
    const read = readLine(line)
    switch (read.is) {
      case 'hello':
        this.#settleHello.resolve(read.hello)
        return
      case 'restricted':
        this.#kill(restrictedError(read.languageMode))
        return
      case 'answer':
        this.#answer(read.answer, line)
        return
      case 'stray':
        this.#addStray(line)
    }
  }

  #addStray(line: string): void {
    this.#stray = kept(`${this.#stray}${line}\n`)
  }

  #answer(answer: Answer, line: string): void {
    const current = this.#current
    if (current?.id !== answer.id) {
      this.#addStray(line)
      return
    }
    this.#current = undefined
    this.#stopWatching()
    this.#setFree()
    if (answer.ok) current.resolve({ value: answer.value, warnings: answer.warnings })
    else current.reject(new VerbError(current.request.verb, answer.error))
    this.#next()
  }

  #kill(error: AzlVmError): void {
    this.#ended(error)
    this.#process.kill()
  }

  #ended(error: AzlVmError): void {
    if (this.#end) return
    this.#end = error
    this.#stopWatching()
    this.#setFree()
    this.#settleHello.reject(error)
    const [current, ...queued] = [...(this.#current ? [this.#current] : []), ...this.#queue.splice(0)]
    this.#current = undefined
    current?.reject(error)
    // These were never sent.
    for (const { reject, request } of queued)
      reject(request.signal.aborted ? cancelled(request, request.signal.reason) : notSent(request, error))
  }

  /** What it said that was no answer. */
  #evidence(): readonly string[] {
    return [...stderrLines(this.#stderr), ...(this.#stray + this.#unread).split('\n').filter((line) => line !== '')]
  }

  #silentError(): AzlVmError {
    const seconds = String(helloLimitMs / 1000)
    return new AzlVmError(
      'backend-failed',
      `PowerShell was started, and the first line of azl-vm’s script did not come within ${seconds} s`,
      {
        evidence: this.#evidence(),
        hint: 'Hyper-V was not asked for anything yet, so the command can be repeated. Where it happens again, something holds PowerShell or the script up: a virus scanner, a login shell that asks, a host that is too busy.',
      },
    )
  }

  #diedError(how: string): AzlVmError {
    const evidence = this.#evidence()
    const during = this.#current ? ` while it did "${this.#current.request.verb}"` : ''
    return new AzlVmError('backend-failed', `PowerShell ended${during} (${how})`, {
      cause: new Error(`powershell.exe: ${how}`),
      evidence,
    })
  }

  /** Ends the process at once, also in the middle of a request. Rejects never. */
  async close(): Promise<void> {
    this.#ended(new AzlVmError('cancelled', 'the way to Hyper-V was closed'))
    this.#process.stdin.end()
    this.#process.kill()
    await this.#closed
  }
}

function kept(text: string): string {
  return text.slice(-keptOutput)
}

function cancelled({ verb }: Request, cause: unknown): AzlVmError {
  return new AzlVmError('cancelled', `interrupted: ${verb}`, { cause })
}

function notSent({ verb }: Request, cause: AzlVmError): AzlVmError {
  return new AzlVmError(cause.code, `"${verb}" was not asked for: ${cause.message}`, { cause })
}

function restrictedError(languageMode: string): AzlVmError {
  return new AzlVmError(
    'host-not-ready',
    `PowerShell runs scripts in ${languageMode} here, and Hyper-V is driven by one`,
    {
      hint: 'A policy of this computer (App Control for Business, AppLocker) does it. Have azl-vm’s scripts in providers/hyperv/powershell allowed there, or signed by a publisher that it trusts.',
    },
  )
}

/** The id that PowerShell refuses a script with, in every language: PSSecurityException, UnauthorizedAccess. */
const scriptsDisabled = /\bPSSecurityException\b|FullyQualifiedErrorId\s*:\s*UnauthorizedAccess/

/** `scope` e.g. `MachinePolicy AllSigned`. */
function policyError(scope: string | undefined, evidence: readonly string[]): AzlVmError {
  const [who, policy] = scope?.split(' ') ?? []
  const message =
    who === undefined
      ? 'a policy of this computer forbids PowerShell scripts'
      : `Group Policy forbids PowerShell scripts here: ${who} says ${String(policy)}`
  return new AzlVmError('host-not-ready', message, {
    evidence,
    hint:
      (who === undefined ? '`powershell -Command "Get-ExecutionPolicy -List"` shows which scope sets it. ' : '') +
      'MachinePolicy and UserPolicy are Group Policy (Turn on Script Execution, of the computer and of the user), and only that can allow scripts again, or azl-vm’s in providers/hyperv/powershell once they are signed; azl-vm changes no setting.',
  })
}
