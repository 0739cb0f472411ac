/** A console that floods the tool: what it holds in memory, and whether all of it is in the transcript. */
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createProbeReader } from 'boot-probe'
import { ScriptedServer } from 'libvirt-ts/testing'
import { finished } from './measure.ts'
import { mebibytes, seconds, type Part, type Row } from './report.ts'
import type { World } from './world.ts'

const scriptedBytes = 100 * 1024 ** 2
const guestLines = 5 * 1024

/** A flood must not make the process grow by more than this beyond what it has when idle. */
const boundBytes = 64 * 1024 ** 2

export async function measureScriptedFlood(folder: string, floodChild: string): Promise<Part> {
  const idle = await floodOf(0, folder, floodChild)
  const flooded = await floodOf(scriptedBytes, folder, floodChild)
  const grownBytes = flooded.maxRssBytes - idle.maxRssBytes
  return {
    title: 'A flood on the serial port',
    rows: [
      {
        what: 'memory that 100 MiB from a scripted daemon add',
        value: mebibytes(grownBytes),
        goal: `at most ${mebibytes(boundBytes)}`,
        isMet: grownBytes <= boundBytes,
        detail:
          `largest resident size ${mebibytes(flooded.maxRssBytes)}, ${mebibytes(idle.maxRssBytes)} for the same without data; ` +
          `libvirt-ts, transcript and boot wait in a process of their own, ${seconds(flooded.tookMs)}`,
      },
      completeness('transcript of it', flooded.isWhole, `SHA-256 of ${mebibytes(flooded.fileBytes)} compared`),
    ],
  }
}

function completeness(what: string, isWhole: boolean, detail: string): Row {
  return { what, value: isWhole ? 'complete' : 'NOT complete', goal: 'complete', isMet: isWhole, detail }
}

async function floodOf(totalBytes: number, folder: string, floodChild: string) {
  const server = new ScriptedServer()
  const uuid = '07070707-0707-0707-0707-070707070707'
  const sent = createHash('sha256')
  server.handle('domainLookupByName', ({ name }) => ({ dom: { name, uuid, id: 1 } }))
  server.handle('domainOpenConsole', (_args, { connection, stream }) => {
    let sentBytes = 0
    connection.sendWhileTaken(() => {
      if (sentBytes >= totalBytes) {
        stream.end()
        return false
      }
      const line = Buffer.from(`${String(sentBytes).padStart(12, '0')} ${'x'.repeat(1009)}\r\n`)
      const chunk = Buffer.concat(Array.from({ length: 64 }, () => line))
      sent.update(chunk)
      stream.send(chunk)
      sentBytes += chunk.length
      return true
    })
    return undefined
  })
  const transcript = join(folder, 'flood.log')
  await rm(transcript, { force: true })
  const startedAtMs = performance.now()
  try {
    const child = spawn(process.execPath, [floodChild, await server.listen(), transcript], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const end = await finished(child)
    if (end.exitCode !== 0) throw new Error(`the flooded process ended with exit code ${String(end.exitCode)}`)
    const { maxRssKiB } = JSON.parse(end.stdout) as { maxRssKiB: number }
    return {
      maxRssBytes: maxRssKiB * 1024,
      tookMs: end.exitedAtMs - startedAtMs,
      fileBytes: (await stat(transcript)).size,
      isWhole: (await digestOf(transcript)) === sent.digest('hex'),
    }
  } finally {
    await server.close()
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The waiting probe is told to flood, through `azl-vm console` as a person would. */
export async function measureGuestFlood(world: World): Promise<readonly Row[]> {
  const name = 'bench-flood'
  const up = await (await world.tool(['up', await world.spec(name, 'emulated'), '--output', 'json'])).ended
  const { evidenceDir } = JSON.parse(up.stdout) as { evidenceDir: string }
  const idle = await world.tool(['console', name], { stdin: 'ping idle\r', until: /"type":"pong"[^\n]*\n/ })
  const pong = (await idle.ended).stdout
  const startedAtMs = performance.now()
  const flooded = await world.tool(['console', name], {
    stdin: `flood ${guestLines}\r`,
    until: /"type":"flood-end"[^\n]*\n/,
  })
  const { stdout, exitedAtMs } = await flooded.ended
  const [idleTrace, floodTrace] = [await idle.trace, await flooded.trace]
  await world.destroy(name)
  const grownBytes = (floodTrace.maxRssKiB - idleTrace.maxRssKiB) * 1024
  const reader = createProbeReader()
  reader.feed(await readFile(join(evidenceDir, 'serial.log')))
  reader.feed(pong)
  reader.feed(stdout)
  const answer = reader.answers.at(-1)
  const isWhole = answer?.type === 'flood-end' && answer.isWhole && answer.receivedLines === guestLines
  return [
    {
      what: 'memory that 5 MiB from a guest add to azl-vm console',
      value: mebibytes(grownBytes),
      goal: `at most ${mebibytes(boundBytes)}`,
      isMet: grownBytes <= boundBytes,
      detail: `largest resident size ${mebibytes(floodTrace.maxRssKiB * 1024)}, ${mebibytes(idleTrace.maxRssKiB * 1024)} for the same without a flood`,
    },
    completeness(
      'what came out of it',
      isWhole,
      `${guestLines} lines counted, and the probe’s own CRC-32 over them; ${seconds(exitedAtMs - startedAtMs)}`,
    ),
  ]
}
