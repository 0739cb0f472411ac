/**
 * What `up` does with a serial port, in a process of its own: every byte to the transcript, and the wait for the probe
 * listening to it. Prints the largest resident size at the end of the stream.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'libvirt-ts'
import { Transcript } from '../../src/console/transcript.ts'
import { EventBus } from '../../src/events/event-bus.ts'
import { BootWait } from '../../src/pipeline/boot.ts'
import { Edk2BootWatch } from '../../src/provider/edk2-boot-watch.ts'

const [uri, file] = process.argv.slice(2)
if (uri === undefined || file === undefined) throw new Error('flood-child URI FILE')

const transcript = new Transcript(file)
const wait = new BootWait({
  transcript,
  watch: new Edk2BootWatch(),
  isProbe: true,
  firmwareSpeaks: true,
  hasSecureBoot: false,
  timeoutMs: 600_000,
  bus: new EventBus('flood', () => new Date()),
})
const result = wait.result(new AbortController().signal).catch(() => undefined)
const connection = await connect(uri)
const domain = await connection.lookupDomain('flooded')
const console = await domain.openConsole({
  onData: (bytes) => {
    transcript.write(bytes)
  },
})
await console.ended
wait.consoleEnded({ why: 'machine-off' })
await result
transcript.close()
await connection.close()
// Not resourceUsage().maxRSS, which a process inherits from the one that started it.
const [, maxRssKiB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
process.stdout.write(JSON.stringify({ maxRssKiB: Number(maxRssKiB) }))
