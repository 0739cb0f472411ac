/** From a guest's byte to our reader, through a recorder: a process of its own between a port and the command. */
import { join } from 'node:path'
import { RecorderConsole } from '../../src/recorder/recorder-console.ts'
import { LocalRecorders } from '../../src/recorder/recorders.ts'
import { PlayedPort } from '../../test/support/played-port.ts'
import { load, median } from './measure.ts'
import { times, type Part } from './report.ts'

const bytesPerRound = 100

export async function measureRecorder(root: string, folder: string, rounds: number): Promise<Part> {
  const recorders = new LocalRecorders('bench', {
    env: process.env,
    platform: process.platform,
    recorder: { folder: join(folder, 'recorders'), command: [process.execPath, join(root, 'dist', 'recorder.js')] },
    sharedLock: (_name, _call, work) => work(false),
  })
  const { signal } = new AbortController()
  const port = new PlayedPort(join(folder, 'com1'))
  const spent = { first: [] as number[], later: [] as number[], connect: [] as number[] }
  const line = await recorders.ensure('bench', port.path, { signal, debug: () => undefined })
  let heard: (atMs: number) => void = () => undefined
  const console = await RecorderConsole.open({
    line,
    request: { port: 'firmware', onData: () => heard(performance.now()) },
    name: 'bench',
    isOff: () => Promise.resolve(false),
  })
  const byte = async (): Promise<number> => {
    const arrived = new Promise<number>((resolve) => (heard = resolve))
    const saidAtMs = performance.now()
    port.say('.')
    return (await arrived) - saidAtMs
  }
  try {
    for (let round = 0; round < rounds; round++) {
      await line.noteStart()
      const onAtMs = performance.now()
      await port.switchOn()
      await port.connected()
      spent.connect.push(performance.now() - onAtMs)
      spent.first.push(await byte())
      for (let at = 0; at < bytesPerRound; at++) spent.later.push(await byte())
      await port.switchOff()
    }
  } finally {
    await console.close()
    await recorders.remove('bench')
  }
  const sorted = spent.later.toSorted((a, b) => a - b)
  const most = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN
  return {
    title: 'A serial byte through the recorder',
    rows: [
      {
        what: 'from the guest’s first byte to our reader having it',
        value: milliseconds(median(spent.first)),
        detail: `the first after the port was connected; ${String(rounds)} rounds, load ${load().toFixed(1)}`,
      },
      {
        what: 'the same of a later byte, written to the log on its way',
        value: milliseconds(median(spent.later)),
        detail: `99 % within ${milliseconds(most)} (${times(most / median(spent.later))} the median); ${String(spent.later.length)} bytes`,
      },
      {
        what: 'from the port being there to the recorder being connected',
        value: milliseconds(median(spent.connect)),
        detail: 'it looks every 20 ms before a start',
      },
    ],
  }
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(2)} ms`
}
