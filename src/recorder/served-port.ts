/** A machine's serial port as its hypervisor serves it: a pipe or socket that the machine's recorder connects to. */
import { AzlVmError } from '../errors.ts'
import type { Call, ConsoleRequest } from '../provider/contract.ts'
import { RecorderConsole } from './recorder-console.ts'
import type { RecorderLine } from './recorder-line.ts'

export interface ServedPort {
  /** The machine's name. */
  readonly name: string
  /** What people call the port, e.g. `COM1`. */
  readonly label: string
  readonly hypervisor: string
  /** What to do where this account may not open the port. */
  readonly whenDenied: string
  /** Whether nothing of the machine runs any more. */
  isOff(call: Call): Promise<boolean>
}

/** How long a port may be absent or busy with a machine that runs, milliseconds. */
const connectMs = 15_000
/** How often it is asked meanwhile whether the machine still runs, milliseconds. */
const lookEveryMs = 500

/**
 * Until the recorder has been connected more often than `before`, or the machine is off. Denied is permission-denied at
 * once; what stays absent or busy is warned of: the machine runs all the same.
 */
export async function untilConnected(line: RecorderLine, before: number, port: ServedPort, call: Call): Promise<void> {
  const what = `${port.label} of "${port.name}"`
  for (let waitedMs = 0; line.report.connections <= before && !line.isEnded; waitedMs += lookEveryMs) {
    const { state } = line.report
    if (state === 'denied')
      throw new AzlVmError('permission-denied', `${what} may not be opened by this account`, { hint: port.whenDenied })
    if (waitedMs >= connectMs) {
      const why = state === 'busy' ? 'another program holds it' : `${port.hypervisor} does not serve it`
      call.warn('serial-port', `${what} is not heard: ${why}`)
      return
    }
    if (waitedMs > 0 && (await port.isOff(call))) return
    await line.nextReport(lookEveryMs, call.signal)
    if (call.signal.aborted) throw new AzlVmError('cancelled', `interrupted while connecting to ${what}`)
  }
}

/** Holds the port; closes the line where it cannot. `isOn`: a recorder that was begun just now may be a moment behind. */
export async function openServedPort(
  line: RecorderLine,
  port: ServedPort,
  isOn: boolean,
  request: ConsoleRequest,
  call: Call,
): Promise<RecorderConsole> {
  try {
    if (isOn) await untilConnected(line, 0, port, call)
    const { name } = port
    return await RecorderConsole.open({ line, request, name, isOff: () => port.isOff(unattended(call)) })
  } catch (error) {
    line.close()
    throw error
  }
}

/** What is asked later, when the call that opened the console is long over. */
function unattended({ debug, warn, progress }: Call): Call {
  return { signal: new AbortController().signal, debug, warn, progress }
}
