import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  AbortedError,
  connect,
  ConnectionError,
  isLibvirtError,
  ProtocolError,
  TransferError,
} from '../../src/index.ts'
import type { Connection, Domain, StorageVolume } from '../../src/index.ts'
import { fault, ScriptedServer } from '../../src/testing/index.ts'
import type { ScriptedStream } from '../../src/testing/index.ts'
import { collect, readUntil } from '../support/collect.ts'

const dom = { name: 'vm', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 }
const vol = { pool: 'p', name: 'v', key: '/p/v' }
const never = (): Promise<never> => new Promise(() => undefined)
const text = (value: string): Buffer => Buffer.from(value)

let server: ScriptedServer
let connection: Connection
let domain: Domain
let volume: StorageVolume

beforeEach(async () => {
  server = new ScriptedServer()
  server.handle('domainLookupByName', () => ({ dom })).handle('volumeLookupByPath', () => ({ vol }))
  connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
  domain = await connection.lookupDomain('vm')
  volume = await connection.lookupVolumeByPath('/p/v')
})

afterEach(async () => {
  await connection.close()
  await server.close()
})

/** Scripts the console, and gives the daemon's end of the one that is opened next. */
function nextConsole(): Promise<ScriptedStream> {
  return new Promise((resolve) => {
    server.handle('domainOpenConsole', (_args, { stream }) => resolve(stream))
  })
}

describe('a console', () => {
  it('has a connection of its own, and gives it back', async () => {
    const opened = nextConsole()
    const console = await domain.openConsole({ device: 'serial1', force: true, safe: true })
    expect(server.connections.size).toBe(2)
    expect(server.calls.at(-1)).toEqual({ name: 'domainOpenConsole', args: { dom, dev_name: 'serial1', flags: 3 } })
    await console.close()
    expect(await (await opened).ended).toBe('abort')
    expect(server.connections.size).toBe(1)
    expect(await console.ended).toEqual({ reason: 'closed' })
  })

  it('carries bytes both ways, those that come with the answer included', async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => {
      stream.send(text('login: '))
      stream.onData = (data) => stream.send(text(`<${data.toString()}>`))
    })
    const console = await domain.openConsole()
    const reader = console[Symbol.asyncIterator]()
    expect(await readUntil(reader, 'login: ')).toBe('login: ')
    await console.write('root')
    expect(await readUntil(reader, '<root>')).toBe('<root>')
    await console.close()
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('ends its loop at end of file, with everything that came before', async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => {
      stream.send(text('bye'))
      stream.end()
    })
    const console = await domain.openConsole()
    expect((await collect(console)).toString()).toBe('bye')
    expect(await console.ended).toEqual({ reason: 'eof' })
    await expect(console.write('x')).rejects.toMatchObject({ reason: 'closed' })
  })

  it("throws the daemon's error in its loop, after what came before", async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => {
      stream.send(text('so far'))
      stream.fail(fault('rpc', 'stream had I/O failure', 'streams'))
    })
    const console = await domain.openConsole()
    const reader = console[Symbol.asyncIterator]()
    expect(await readUntil(reader, 'so far')).toBe('so far')
    await expect(reader.next()).rejects.toMatchObject({ codeName: 'rpc' })
    expect(await console.ended).toMatchObject({ reason: 'error' })
  })

  it('ends with a typed error where its connection breaks, and the main connection lives on', async () => {
    const opened = nextConsole()
    const console = await domain.openConsole()
    await opened
    const [, own] = server.connections
    own?.destroy()
    await expect(collect(console)).rejects.toBeInstanceOf(ConnectionError)
    expect(await console.ended).toMatchObject({ reason: 'error', error: { reason: 'lost' } })
    expect((await connection.lookupDomain('vm')).name).toBe('vm')
  })

  it('is watched as the main connection is: a daemon that hangs ends it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const watched = await connect('test:///default', {
      dialer: server.dialer,
      keepalive: { intervalMs: 1000, count: 2 },
    })
    server.isAnsweringPings = false
    const opened = nextConsole()
    const console = await (await watched.lookupDomain('vm')).openConsole()
    await opened
    vi.advanceTimersByTime(4000)
    vi.useRealTimers()
    expect(await console.ended).toMatchObject({ reason: 'error', error: { reason: 'keepalive-timeout' } })
  })

  it('keeps reading for a reader that lags, drops the oldest beyond the bound, and counts it', async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => {
      for (let index = 0; index < 100; index += 1) stream.send(Buffer.alloc(1000, index))
      stream.end()
    })
    const console = await domain.openConsole({ bufferBytes: 2500 })
    await console.ended
    const kept = await collect(console)
    expect(kept.length).toBe(2500)
    expect(console.droppedBytes).toBe(100_000 - 2500)
    expect([kept[0], kept.at(-1)]).toEqual([97, 99])
  })

  it('gives each chunk to onData and keeps nothing', async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => {
      for (let index = 0; index < 5; index += 1) stream.send(text(`${index}`))
      stream.end()
    })
    const heard: string[] = []
    const console = await domain.openConsole({ onData: (chunk) => heard.push(Buffer.from(chunk).toString()) })
    await console.ended
    expect(heard).toEqual(['0', '1', '2', '3', '4'])
    expect((await collect(console)).length).toBe(0)
  })

  it('that is refused leaves no connection behind', async () => {
    server.handle('domainOpenConsole', () => {
      throw fault('operation-failed', 'Active console session exists for this domain', 'qemu')
    })
    await expect(domain.openConsole()).rejects.toMatchObject({ codeName: 'operation-failed' })
    expect(server.connections.size).toBe(1)
  })

  it('whose opening is aborted leaves no connection behind', async () => {
    server.handle('domainOpenConsole', never)
    const controller = new AbortController()
    const opening = domain.openConsole({ signal: controller.signal })
    await server.seen('domainOpenConsole')
    controller.abort()
    await expect(opening).rejects.toBeInstanceOf(AbortedError)
    expect(server.connections.size).toBe(1)
  })

  it('has one reader', async () => {
    server.handle('domainOpenConsole', (_args, { stream }) => stream.end())
    const console = await domain.openConsole()
    await collect(console)
    await expect(collect(console)).rejects.toThrow('only one can iterate')
  })
})

describe('a screenshot', () => {
  it('is collected to its end, with its type', async () => {
    server.handle('domainScreenshot', (_args, { stream }) => {
      stream.send(text('P6 '))
      stream.send(text('pixels'))
      stream.end()
      return { mime: 'image/x-portable-pixmap' }
    })
    const { mimeType, data } = await domain.screenshot({ screen: 1 })
    expect([mimeType, Buffer.from(data).toString()]).toEqual(['image/x-portable-pixmap', 'P6 pixels'])
    expect(server.connections.size).toBe(1)
  })

  it('that never ends can be aborted: the daemon is told, also where its answer comes later', async () => {
    const streams: ScriptedStream[] = []
    server.handle('domainScreenshot', (_args, { stream }) => {
      streams.push(stream)
      return { mime: 'image/png' }
    })
    const controller = new AbortController()
    const shot = domain.screenshot({ signal: controller.signal })
    await server.seen('domainScreenshot')
    await connection.lookupDomain('vm')
    controller.abort()
    await expect(shot).rejects.toBeInstanceOf(AbortedError)
    expect(await streams[0]?.ended).toBe('abort')

    let answer: () => void = () => undefined
    server.handle('domainScreenshot', (_args, { stream }) => {
      streams.push(stream)
      return new Promise((resolve) => (answer = () => resolve({ mime: 'image/png' })))
    })
    const late = new AbortController()
    const second = domain.screenshot({ signal: late.signal })
    await server.seen('domainScreenshot', 2)
    late.abort()
    await expect(second).rejects.toBeInstanceOf(AbortedError)
    answer()
    expect(await streams[1]?.ended).toBe('abort')
  })

  it('that fails on the way rejects with the error of the daemon', async () => {
    server.handle('domainScreenshot', (_args, { stream }) => {
      stream.send(text('half'))
      stream.fail(fault('internal-error', 'unable to read'))
      return { mime: 'image/png' }
    })
    await expect(domain.screenshot()).rejects.toMatchObject({ message: 'unable to read' })
  })
})

describe('an upload', () => {
  it('sends packets of 64 KiB, which daemons like best, at the offset, and waits for the word that all is kept', async () => {
    const streams: ScriptedStream[] = []
    server.handle('volumeUpload', (_args, { stream }) => void streams.push(stream))
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251))
    const sent = await volume.upload([bytes.subarray(0, 10), bytes.subarray(10)], {
      offsetBytes: 2 ** 40,
      lengthBytes: 600_000,
    })
    expect(sent).toBe(600_000)
    expect(server.calls.at(-1)?.args).toEqual({ vol, offset: 2 ** 40, length: 600_000, flags: 0 })
    const received = streams[0]?.received ?? []
    const whole = Array.from({ length: 9 }, () => 65536)
    expect(received.map((packet) => packet.length)).toEqual([10, ...whole, 600_000 - 10 - 9 * 65536])
    expect(Buffer.concat(received).equals(bytes)).toBe(true)
    expect(await streams[0]?.ended).toBe('finish')
    expect(server.connections.size).toBe(1)
  })

  it("rejects with the daemon's error, on the way and at the end, and closes the source", async () => {
    let isClosed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          await connection.lookupDomain('vm')
          yield Buffer.alloc(100)
        }
      } finally {
        isClosed = true
      }
    }
    server.handle('volumeUpload', (_args, { stream }) => {
      stream.onData = () => stream.fail(fault('system-error', 'No space left on device', 'storage'))
    })
    await expect(volume.upload(endless())).rejects.toMatchObject({ codeName: 'system-error' })
    expect(isClosed).toBe(true)
    server.handle('volumeUpload', (_args, { stream }) => void (stream.refusal = fault('system-error', 'cannot sync')))
    await expect(volume.upload([text('x')])).rejects.toSatisfy((error) => isLibvirtError(error, 'system-error'))
    expect(server.connections.size).toBe(1)
  })

  it("hears the daemon's error also while its source is silent", async () => {
    server.handle('volumeUpload', (_args, { stream }) => {
      stream.onData = () => stream.fail(fault('system-error', 'No space left on device', 'storage'))
    })
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield text('a')
      await never()
    }
    await expect(volume.upload(silent())).rejects.toMatchObject({ message: 'No space left on device' })
  })

  it('does not read the source faster than the daemon takes', async () => {
    server.handle('volumeUpload', (_args, call) => call.connection.pause())
    let taken = 0
    function* source(): Generator<Uint8Array> {
      for (; taken < 200; taken += 1) yield Buffer.alloc(262120)
    }
    const controller = new AbortController()
    const upload = volume.upload(source(), { signal: controller.signal })
    await server.seen('volumeUpload')
    for (let round = 0; round < 50; round += 1) await connection.lookupDomain('vm')
    expect(taken).toBeLessThan(10)
    controller.abort()
    for (const open of server.connections) open.resume()
    await expect(upload).rejects.toBeInstanceOf(AbortedError)
  })

  it('keeps no chunk longer than it takes to send it', async () => {
    server.handle('volumeUpload', (_args, { stream }) => {
      stream.onData = () => void stream.received.splice(0)
    })
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const chunks: WeakRef<Uint8Array>[] = []
    let alive = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 100; index += 1) {
        const chunk = new Uint8Array(100_000)
        chunks.push(new WeakRef(chunk))
        yield chunk
        await connection.lookupDomain('vm')
      }
      collectGarbage()
      alive = chunks.filter((chunk) => chunk.deref() !== undefined).length
    }
    await volume.upload(source())
    // What the channel may write ahead is 1 MiB.
    expect(alive).toBeLessThan(20)
  })

  it('is aborted while its source is silent: the daemon is told', async () => {
    const streams: ScriptedStream[] = []
    server.handle('volumeUpload', (_args, { stream }) => void streams.push(stream))
    const controller = new AbortController()
    const next = (): Promise<never> => {
      controller.abort()
      return never()
    }
    const upload = volume.upload({ [Symbol.asyncIterator]: () => ({ next }) }, { signal: controller.signal })
    await expect(upload).rejects.toBeInstanceOf(AbortedError)
    expect(await streams[0]?.ended).toBe('abort')
  })

  it("passes on the source's own error, and tells the daemon to stop", async () => {
    const streams: ScriptedStream[] = []
    server.handle('volumeUpload', (_args, { stream }) => void streams.push(stream))
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield text('a')
      await connection.lookupDomain('vm')
      throw new RangeError('disk read failed')
    }
    await expect(volume.upload(failing())).rejects.toBeInstanceOf(RangeError)
    expect(await streams[0]?.ended).toBe('abort')
  })

  it('of another length than stated is a typed error', async () => {
    server.handle('volumeUpload', () => undefined)
    await expect(volume.upload([text('abc')], { lengthBytes: 4 })).rejects.toBeInstanceOf(TransferError)
    await expect(volume.upload([text('abcde')], { lengthBytes: 4 })).rejects.toBeInstanceOf(TransferError)
  })
})

describe('a download', () => {
  it('brings the bytes in order and agrees on the end', async () => {
    const streams: ScriptedStream[] = []
    server.handle('volumeDownload', (_args, { stream }) => {
      streams.push(stream)
      for (let index = 0; index < 40; index += 1) stream.send(Buffer.alloc(100_000, index))
      stream.end()
    })
    const bytes = await collect(volume.download({ offsetBytes: 7 }))
    expect(bytes.length).toBe(4_000_000)
    expect(bytes.every((byte, at) => byte === Math.floor(at / 100_000))).toBe(true)
    expect(await streams[0]?.ended).toBe('finish')
    expect(server.connections.size).toBe(1)
  })

  it('of a small stated length needs no second connection', async () => {
    server.handle('volumeDownload', (_args, { stream }) => {
      stream.send(text('tail'))
      stream.end()
      expect(server.connections.size).toBe(1)
    })
    expect((await collect(volume.download({ offsetBytes: 100, lengthBytes: 4096 }))).toString()).toBe('tail')
    expect((await collect(volume.download({ lengthBytes: 0 }))).length).toBe(0)
  })

  it('holds the daemon back where the reader is slow', async () => {
    let sent = 0
    server.handle('volumeDownload', (_args, { stream, connection: own }) => {
      const packet = Buffer.alloc(262120)
      const sendNext = (): boolean => {
        sent += 1
        stream.send(packet)
        return sent < 400
      }
      // After the answer: before it, the packets would only be kept.
      setImmediate(() => own.sendWhileTaken(sendNext))
    })
    const reader = volume.download()[Symbol.asyncIterator]()
    await reader.next()
    for (let round = 0; round < 50; round += 1) await connection.lookupDomain('vm')
    expect(sent * 262120).toBeLessThan(8 << 20)
    await reader.return?.()
    expect(server.connections.size).toBe(1)
  })

  it("throws the daemon's error after the bytes that came", async () => {
    server.handle('volumeDownload', (_args, { stream }) => {
      stream.send(text('abc'))
      stream.fail(fault('system-error', 'cannot read'))
    })
    const reader = volume.download()[Symbol.asyncIterator]()
    expect(Buffer.from((await reader.next()).value as Uint8Array).toString()).toBe('abc')
    await expect(reader.next()).rejects.toMatchObject({ codeName: 'system-error' })
  })

  it('is aborted while nothing comes', async () => {
    server.handle('volumeDownload', () => undefined)
    const controller = new AbortController()
    const bytes = collect(volume.download({ signal: controller.signal }))
    await server.seen('volumeDownload')
    controller.abort()
    await expect(bytes).rejects.toBeInstanceOf(AbortedError)
    expect(server.connections.size).toBe(1)
  })

  it('whose connection breaks throws a typed error', async () => {
    server.handle('volumeDownload', (_args, { stream }) => stream.send(text('abc')))
    const reader = volume.download()[Symbol.asyncIterator]()
    await reader.next()
    server.breakConnections()
    await expect(reader.next()).rejects.toBeInstanceOf(ConnectionError)
  })

  it('of a daemon that sends more than was asked for is cut off', async () => {
    server.handle('volumeDownload', (_args, { stream }) => stream.send(Buffer.alloc(5000)))
    await expect(collect(volume.download({ lengthBytes: 4096 }))).rejects.toBeInstanceOf(ProtocolError)
  })
})

describe('a daemon that answers the same call twice', () => {
  it('breaks the line with a typed error, and whoever reads the stream hears it', async () => {
    server.handle('domainScreenshot', () => ({ mime: 'image/png' }))
    const picture = domain.screenshot()
    await server.seen('domainScreenshot')
    const [daemon] = server.connections
    const serial = 5
    const header = { program: 0x20008086, version: 1, procedure: 211, type: 1, serial, status: 0 }
    daemon?.sendFrame(header, Buffer.alloc(4))
    await expect(picture).rejects.toThrow(ProtocolError)
    expect(await connection.closed).toBeInstanceOf(ProtocolError)
  })
})
