import { AzlVmError } from '../errors.ts'
import type { ConsoleEnd, ConsoleHandle } from '../provider/contract.ts'

export interface HoldOptions {
  readonly stdin: NodeJS.ReadableStream
  readonly signal: AbortSignal
  /** How long to listen after a stdin that is no terminal has ended, milliseconds; 0: until the machine is off. */
  readonly lingerMs: number
}

/** Ctrl-], as telnet and virsh have it. */
const leaveKey = 0x1d

/** Types what comes from stdin until the user leaves, the machine is off, or the port is lost. Says which. */
export async function holdConsole(handle: ConsoleHandle, { stdin, signal, lingerMs }: HoldOptions): Promise<string> {
  const terminal = isTerminal(stdin) ? stdin : undefined
  let leave: (why: string) => void = () => undefined
  const left = new Promise<string>((resolve) => {
    leave = resolve
  })
  let timer: NodeJS.Timeout | undefined
  const onData = (data: Buffer | string): void => {
    const bytes = Buffer.from(data)
    const at = terminal ? bytes.indexOf(leaveKey) : -1
    const typed = at < 0 ? bytes : bytes.subarray(0, at)
    if (typed.length > 0)
      void handle.write(typed).catch((error: unknown) => {
        leave(`the serial port took no input: ${String(error)}`)
      })
    if (at >= 0) leave('left; the machine runs on')
  }
  const onEnd = (): void => {
    if (lingerMs > 0)
      timer = setTimeout(() => {
        leave('stdin has ended; the machine runs on')
      }, lingerMs)
  }
  const onAbort = (): void => {
    leave('interrupted; the machine runs on')
  }
  terminal?.setRawMode(true)
  stdin.on('data', onData).on('end', onEnd)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([left, handle.ended.then(endText)])
  } finally {
    clearTimeout(timer)
    stdin.off('data', onData).off('end', onEnd).pause()
    signal.removeEventListener('abort', onAbort)
    terminal?.setRawMode(false)
    await handle.close()
  }
}

function endText(end: ConsoleEnd): string {
  switch (end.why) {
    case 'machine-off':
      return 'the machine is off'
    case 'taken':
      return 'somebody else took the port over'
    case 'closed':
      return 'closed'
    case 'broken':
      throw new AzlVmError('backend-failed', 'the connection to the serial port broke', { cause: end.error })
  }
}

function isTerminal(stream: NodeJS.ReadableStream): stream is NodeJS.ReadStream {
  return 'isTTY' in stream && stream.isTTY === true
}
