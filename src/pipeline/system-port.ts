/** The system's own serial port while a machine boots, where it is another than the firmware's: a transcript of its own. */
import { createProbeReader } from 'boot-probe'
import { Transcript } from '../console/transcript.ts'
import { errorText } from '../errors.ts'
import type { MachineRef } from '../provider/machine.ts'
import { callFor } from './environment.ts'
import type { UpContext } from './up-context.ts'

export interface SystemPort {
  /** Resolves once the boot probe's report was heard here too, or cannot come any more. */
  probeHeard(): Promise<void>
  close(): Promise<void>
}

/** The probe says each line here first, and then on the firmware's port: what is missing after that comes at once. */
const graceMs = 5000

/** `isOff`: it is opened for the start; else what the log has of this boot is read, then what comes. */
export async function listenToSystemPort(context: UpContext, ref: MachineRef, isOff: boolean): Promise<SystemPort> {
  const { run, provider, request } = context
  const transcript = new Transcript(run.paths.systemSerial)
  const reader = createProbeReader()
  const stop = new AbortController()
  const call = callFor(run.bus, AbortSignal.any([request.signal, stop.signal]))
  let settle: () => void = () => undefined
  const settled = new Promise<void>((resolve) => {
    settle = resolve
  })
  const warn = (why: string): void => {
    run.bus.emit({ type: 'warning', code: 'system-port', message: `the system’s serial port: ${why}` })
  }
  let isWriting = true
  // A provider calls this from the socket's own event: what it throws there would end the process.
  const onData = (bytes: Uint8Array): void => {
    try {
      if (isWriting) transcript.write(bytes)
    } catch (error) {
      isWriting = false
      warn(`its transcript ends here: ${errorText(error)}`)
    }
    reader.feed(bytes)
    if (reader.state === 'complete' || reader.state === 'damaged') settle()
  }
  const follow = async (): Promise<void> => {
    try {
      for await (const bytes of provider.followLog(ref, 'system', 'last-start', call)) onData(bytes)
    } catch (error) {
      if (!call.signal.aborted) warn(errorText(error))
    }
  }
  try {
    const handle = isOff ? await provider.openConsole(ref, { port: 'system', onData }, call) : undefined
    const reading = handle ? handle.ended.then(() => undefined) : follow()
    void reading.then(settle)
    return {
      probeHeard: async () => {
        const timer = setTimeout(settle, graceMs)
        await settled
        clearTimeout(timer)
        if (reader.state !== 'complete')
          warn(`the boot probe’s report was not heard there (${reader.problem ?? `it is ${reader.state}`})`)
      },
      close: async () => {
        stop.abort()
        await handle?.close()
        await reading
        transcript.close()
      },
    }
  } catch (error) {
    transcript.close()
    throw error
  }
}
