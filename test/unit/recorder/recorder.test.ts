/** The recorder and its clients in one process: the port is a socket of the test. */
import { connect } from 'node:net'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { frame, frameKinds } from '../../../src/recorder/frames.ts'
import { describeRecorded, followRecorded, readRecorded } from '../../../src/recorder/recorded-log.ts'
import { RecorderConsole } from '../../../src/recorder/recorder-console.ts'
import { recordedIn } from '../../../src/recorder/recorded.ts'
import { readNote, recorderFolder, type RecorderFolder } from '../../../src/recorder/recorder-folder.ts'
import { RecorderLine } from '../../../src/recorder/recorder-line.ts'
import { Recorder } from '../../../src/recorder/recorder.ts'
import { RecorderLog } from '../../../src/recorder/recorder-log.ts'
import { PlayedPort } from '../../support/played-port.ts'

let root: string
let folder: RecorderFolder
let port: PlayedPort
let isOn = false
const recorders: Recorder[] = []
const lines: RecorderLine[] = []

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'azl-rec-'))
  folder = recorderFolder(root, 'machine')
  port = new PlayedPort(join(root, 'com1'))
  isOn = false
})
afterEach(async () => {
  for (const line of lines.splice(0)) line.close()
  for (const recorder of recorders.splice(0)) await recorder.end()
  await port.switchOff()
  await rm(root, { recursive: true, force: true })
})

/** Ends soon where nobody waits for it; in most tests somebody does, or the machine is on. */
async function record(into = folder, portPath = port.path): Promise<Recorder> {
  const recorder = await Recorder.start({
    folder: into,
    portPath,
    platform: process.platform,
    now: () => new Date(),
    absentMs: 500,
  })
  recorders.push(recorder)
  return recorder
}

async function line(): Promise<RecorderLine> {
  const note = await readNote(folder)
  const opened = note && (await RecorderLine.open(note))
  if (!opened) throw new Error('no recorder answers')
  lines.push(opened)
  return opened
}

interface Hearing {
  text: string
  readonly console: RecorderConsole
  until(text: string): Promise<void>
}

async function open(force = false): Promise<Hearing> {
  const waiting: (() => void)[] = []
  const heard = {
    text: '',
    until: (text: string) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (heard.text.includes(text)) resolve()
        }
        waiting.push(look)
        look()
      }),
  }
  const onData = (bytes: Uint8Array): void => {
    heard.text += Buffer.from(bytes).toString('latin1')
    for (const look of waiting) look()
  }
  const console = await RecorderConsole.open({
    line: await line(),
    request: { port: 'firmware', force, onData },
    name: 'played',
    isOff: async () => !isOn,
  })
  return Object.assign(heard, { console })
}

async function switchOn(): Promise<void> {
  isOn = true
  await port.switchOn()
  await port.connected()
}

async function switchOff(): Promise<void> {
  isOn = false
  await port.switchOff()
}

const logged = async (): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const bytes of readRecorded(recordedIn(folder))) chunks.push(bytes)
  return Buffer.concat(chunks).toString('latin1')
}

describe.skipIf(process.platform === 'win32')('a recorder [local sockets]', () => {
  test('listens before the machine is on, writes what it says and hands it on', async () => {
    await record()
    const heard = await open()
    await switchOn()
    port.say('first words')
    await heard.until('first words')
    expect(await logged()).toBe('first words')
    await heard.console.write(Buffer.from('typed\r'))
    await expect.poll(() => port.typed).toBe('typed\r')
  })

  test('one console holds the port; force takes it over and who had it is told', async () => {
    await record()
    const first = await open()
    await expect(open()).rejects.toMatchObject({ code: 'resource-busy' })
    const second = await open(true)
    expect(await first.console.ended).toEqual({ why: 'taken' })
    await switchOn()
    port.say('for the second')
    await second.until('for the second')
    expect(first.text).toBe('')
    await second.console.close()
    await (await open()).console.close()
  })

  test('a port that goes away for a moment ends no console; one that goes with the machine does', async () => {
    await record()
    const heard = await open()
    await switchOn()
    port.say('one')
    await heard.until('one')
    await port.switchOff()
    await port.switchOn()
    await port.connected()
    port.say('two')
    await heard.until('two')
    await switchOff()
    expect(await heard.console.ended).toEqual({ why: 'machine-off' })
    expect(await logged()).toBe('onetwo')
  })

  test('ends when the machine is off and nobody waits, and not while somebody does', async () => {
    const recorder = await record()
    const waiting = await open()
    // As long as one takes to end that nobody waits for and that has no machine.
    const aWhile = async (): Promise<void> => {
      const unused = recorderFolder(root, 'unused')
      await (
        await record(unused, join(root, 'nothing'))
      ).ended
      expect(await readNote(unused)).toBeUndefined()
    }
    await aWhile()
    await switchOn()
    port.say('on')
    await waiting.until('on')
    await waiting.console.close()
    await aWhile()
    expect(await readNote(folder), 'the machine is on').toBeTruthy()
    await switchOff()
    await recorder.ended
    expect(await readNote(folder)).toBeUndefined()
    expect(await logged()).toBe('on')
  })

  test('one that cannot write its note listens no more: nothing would ever end it', async () => {
    await writeFile(join(root, 'no folder'), '')
    await expect(record({ ...folder, note: join(root, 'no folder', 'recorder.json') })).rejects.toThrow('no folder')
    expect((await readdir(folder.dir)).filter((name) => name.endsWith('.sock'))).toEqual([])
  })

  test('who does not know the token hears nothing, and types nothing', async () => {
    await record()
    const note = (await readNote(folder))!
    expect(await RecorderLine.open({ ...note, token: 'f'.repeat(note.token.length) })).toBeUndefined()
    await switchOn()
    const stranger = connect(note.address)
    let heard = 0
    stranger.on('data', (bytes) => (heard += bytes.length))
    stranger.write(frame(frameKinds.input, Buffer.from('rm -rf /\r')))
    await new Promise((resolve) => stranger.once('close', resolve))
    expect([heard, port.typed]).toEqual([0, ''])
    expect((await stat(note.address)).mode & 0o777).toBe(0o600)
    expect((await stat(folder.note)).mode & 0o777).toBe(0o600)
  })

  test('following begins at this boot or at the beginning, brings what comes, and ends with the machine', async () => {
    await record()
    const starter = await line()
    await starter.noteStart()
    await switchOn()
    port.say('first boot.')
    await expect.poll(logged).toBe('first boot.')
    await switchOff()
    await starter.noteStart()
    await switchOn()
    const follow = async (from: 'beginning' | 'last-start'): Promise<string> => {
      let text = ''
      const options = {
        recorded: recordedIn(folder),
        from,
        find: line,
        isOff: async () => !isOn,
        signal: new AbortController().signal,
      }
      for await (const bytes of followRecorded(options)) {
        text += Buffer.from(bytes).toString('latin1')
        if (text.endsWith('second')) port.say(' boot.')
        if (text.endsWith('second boot.')) await switchOff()
      }
      return text
    }
    port.say('second')
    expect(await follow('last-start')).toBe('second boot.')
    expect(await follow('beginning')).toBe('first boot.second boot.')
  })

  test('keeps the end of what was said, and who follows hears it once', async () => {
    const say = (words: readonly string[]): void => {
      const log = new RecorderLog(folder, () => new Date(), 10)
      for (const word of words) log.append(Buffer.from(word))
      log.note('start')
      log.close()
    }
    say(['0123456', '789abc', 'defg', 'hijklmnop', 'q'])
    expect(await logged()).toBe('defghijklmnopq')
    expect((await readdir(folder.dir)).toSorted()).toEqual(['events.jsonl', 'serial.13.log', 'serial.26.log'])
    // Another recorder goes on where the last one ended.
    say(['rst', 'uvwxyz.'])
    const looks = [false, false, true]
    const follow = async (from: 'beginning' | 'last-start'): Promise<string> => {
      let text = ''
      const options = {
        recorded: recordedIn(folder),
        from,
        find: () => Promise.resolve(undefined),
        isOff: async () => looks.shift() ?? true,
        signal: new AbortController().signal,
      }
      for await (const bytes of followRecorded(options)) text += Buffer.from(bytes).toString('latin1')
      return text
    }
    expect(await follow('beginning')).toBe('defghijklmnopqrstuvwxyz.')
    say(['the next start says this'])
    expect(await follow('last-start')).toBe('')
    expect(await logged()).toMatch(/the next start says this$/)
  })

  test('following stops with the signal', async () => {
    await record()
    await switchOn()
    port.say('words')
    const stop = new AbortController()
    const options = {
      recorded: recordedIn(folder),
      from: 'beginning',
      find: line,
      isOff: async () => !isOn,
      signal: stop.signal,
    } as const
    const following = (async () => {
      for await (const _ of followRecorded(options)) stop.abort()
    })()
    await expect(following).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('says when it listened, and from when on nobody did after its recorder was killed', async () => {
    const spokenAt = new Date('2099-01-02T03:04:05Z')
    expect(await describeRecorded(recordedIn(folder), false)).toBe('Nobody has listened to this serial port yet.')
    const first = await record()
    expect(await describeRecorded(recordedIn(folder), true)).toMatch(/^It was listened from \S+ until now \(UTC\)/)
    // A kill leaves no `ended` behind: the events up to it are all that there is.
    const untilKill = await readFile(folder.events, 'utf8')
    await first.end()
    expect(await describeRecorded(recordedIn(folder), false)).toMatch(/from \S+ to \S+ \(UTC\)/)
    await writeFile(folder.events, untilKill)
    expect(await describeRecorded(recordedIn(folder), false)).toMatch(/until its recorder was killed/)
    await utimes(join(folder.dir, 'serial.log'), spokenAt, spokenAt)
    await appendFile(folder.events, '{"at":"20')
    await record()
    expect(await describeRecorded(recordedIn(folder), true)).toMatch(
      /to 2099-01-02T03:04:05\.000Z at least \(its recorder was killed\), from \S+ until now/,
    )
  })

  test('a console is told when the recorder ends under it', async () => {
    const recorder = await record()
    const heard = await open()
    await recorder.end()
    expect(await heard.console.ended).toMatchObject({ why: 'broken' })
  })
})
