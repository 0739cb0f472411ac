import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect, ProtocolError, TransferError } from '../../src/index.ts'
import type { Connection, Hole, StorageVolume } from '../../src/index.ts'
import { ByteQueue } from '../../src/client/byte-queue.ts'
import { XdrWriter } from '../../src/rpc/xdr.ts'
import { fault, RawReply, ScriptedServer } from '../../src/testing/index.ts'

const vol = { pool: 'p', name: 'v', key: '/p/v' }
const block = 4096

let server: ScriptedServer
let connection: Connection
let volume: StorageVolume

beforeEach(async () => {
  server = new ScriptedServer().handle('volumeLookupByPath', () => ({ vol }))
  connection = await connect('test:///default', { dialer: server.dialer, keepalive: false })
  volume = await connection.lookupVolumeByPath('/p/v')
})

afterEach(() => connection.close())

/** What a sparse upload of this sends, in order: a hole as a number, bytes as their text. */
async function sent(...source: readonly (Uint8Array | Hole)[]): Promise<(number | string)[]> {
  const parts: (number | string)[] = []
  server.handle('volumeUpload', (_args, { stream }) => {
    stream.onData = (data) => parts.push(data.toString('latin1'))
    stream.onHole = (length) => parts.push(length)
  })
  await volume.upload(source, { sparse: true })
  return parts
}

const data = (bytes: number, letter = 'x'): Buffer => Buffer.alloc(bytes, letter)
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes)

describe('a sparse upload', () => {
  it('asks for holes, and only then', async () => {
    server.handle('volumeUpload', () => undefined)
    await volume.upload([data(1)], { sparse: true })
    await volume.upload([zeros(block)])
    const uploads = server.calls.filter(({ name }) => name === 'volumeUpload')
    expect(uploads.map(({ args }) => args)).toMatchObject([{ flags: 1 }, { flags: 0 }])
  })

  it('sends runs of zero blocks as their number, across chunks, up to the very end', async () => {
    const text = data(block).toString()
    expect(await sent(zeros(2 * block), zeros(block), data(block), zeros(5 * block))).toEqual([
      3 * block,
      text,
      5 * block,
    ])
    expect(await sent(data(block), zeros(3 * block))).toEqual([text, 3 * block])
    expect(await sent(Buffer.concat([data(block), zeros(block), data(block)]))).toEqual([text, block, text])
  })

  it('looks at blocks of the volume, not of the chunk, and keeps zeros inside a block with its bytes', async () => {
    const bytes = Buffer.concat([data(100), zeros(block - 200), data(100), zeros(block), data(1)])
    const parts = await sent(bytes.subarray(0, 50), bytes.subarray(50))
    expect(parts.slice(1)).toEqual([bytes.toString('latin1', 50, block), block, 'x'])
  })

  it('passes on holes that the source knows, and joins them with zeros', async () => {
    expect(await sent({ holeBytes: 2 ** 40 }, zeros(block), data(1), { holeBytes: 0 })).toEqual([2 ** 40 + block, 'x'])
  })

  it('counts a hole as its zeros', async () => {
    server.handle('volumeUpload', () => undefined)
    const progress: number[] = []
    const options = { sparse: true, lengthBytes: 1001, onProgress: (bytes: number) => progress.push(bytes) } as const
    expect(await volume.upload([{ holeBytes: 1000 }, data(1)], options)).toBe(1001)
    expect(progress).toEqual([1000, 1001])
    await expect(volume.upload([{ holeBytes: 1002 }], options)).rejects.toBeInstanceOf(TransferError)
  })

  it.each([-1, 0.5, NaN, Infinity, 2 ** 60])('refuses a hole of %s bytes before it is sent', async (holeBytes) => {
    const holes: number[] = []
    server.handle('volumeUpload', (_args, { stream }) => void (stream.onHole = (length) => holes.push(length)))
    await expect(volume.upload([{ holeBytes }], { sparse: true })).rejects.toThrow('a hole of')
    expect(holes).toEqual([])
  })

  it('is what a hole needs', async () => {
    server.handle('volumeUpload', () => undefined)
    const source: unknown = [{ holeBytes: 1 }]
    await expect(volume.upload(source as Uint8Array[])).rejects.toThrow('{ sparse: true }')
  })

  it('hears of a hole that the daemon cannot make, which it says in an answer and not in a packet', async () => {
    server.handle('volumeUpload', (_args, { stream }) => {
      stream.onHole = () => stream.refuseHole(fault('system-error', 'unable to truncate', 'streams'))
    })
    async function* source(): AsyncGenerator<Uint8Array | Hole> {
      yield { holeBytes: 5 }
      yield data(1)
      await new Promise(() => undefined)
    }
    await expect(volume.upload(source(), { sparse: true })).rejects.toMatchObject({ message: 'unable to truncate' })
  })
})

describe('a sparse download', () => {
  it('gives holes where the daemon has them, in order', async () => {
    server.handle('volumeDownload', (_args, { stream }) => {
      stream.sendHole(2 ** 40)
      stream.send(data(3))
      stream.sendHole(7)
      stream.end()
    })
    const parts: (Uint8Array | Hole)[] = []
    let progress = 0
    const options = { sparse: true, lengthBytes: 2 ** 40 + 10, onProgress: (all: number) => (progress = all) } as const
    for await (const part of volume.download(options)) parts.push(part)
    expect(parts).toEqual([{ holeBytes: 2 ** 40 }, new Uint8Array(data(3)), { holeBytes: 7 }])
    expect(progress).toBe(2 ** 40 + 10)
    expect(server.calls.at(-1)?.args).toMatchObject({ flags: 1 })
  })

  it('counts holes that wait as memory, so that a daemon that sends nothing else is held back as well', () => {
    const queue = new ByteQueue<Hole>(Infinity)
    for (let count = 0; count < 1000; count += 1) queue.pushMark({ holeBytes: 1 })
    expect(queue.heldBytes).toBeGreaterThan(100_000)
    while (queue.take() !== undefined);
    expect(queue.heldBytes).toBe(0)
  })

  const hole = (length: bigint, flags = 0): RawReply => {
    const writer = new XdrWriter()
    writer.hyper(length)
    writer.uint(flags)
    return new RawReply(writer.finish(), 2)
  }

  it.each([
    ['of nothing', hole(0n)],
    ['of less than nothing', hole(-1n)],
    ['of more than numbers can say', hole(2n ** 62n)],
    ['of flags that nobody knows', hole(1n, 4)],
    ['that is cut short', new RawReply(Buffer.alloc(8, 1), 2)],
    ['of an unknown status', new RawReply(Buffer.alloc(12, 1), 9)],
    ['that ends what nobody had ended', new RawReply(Buffer.alloc(0), 0)],
  ])('is ended by a hole %s, with a typed error', async (_title, bad) => {
    server.handle('volumeDownload', (_args, { stream }) => stream.sendHole(bad))
    const reader = volume.download({ sparse: true })[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toBeInstanceOf(ProtocolError)
    expect(connection.isOpen).toBe(true)
  })

  it('hears an error in the form of a hole', async () => {
    const error = Buffer.from(
      '0000002600000012' + '00000001' + '0000000161000000' + '00000002' + '00'.repeat(4 * 7),
      'hex',
    )
    server.handle('volumeDownload', (_args, { stream }) => stream.sendHole(new RawReply(error, 1)))
    const reader = volume.download({ sparse: true })[Symbol.asyncIterator]()
    await expect(reader.next()).rejects.toMatchObject({ codeName: 'system-error', message: 'a' })
  })

  it('is the only one with holes: elsewhere one ends the line', async () => {
    server.handle('volumeDownload', (_args, { stream }) => stream.sendHole(1))
    await expect(volume.download()[Symbol.asyncIterator]().next()).rejects.toThrow('asked for none')
  })
})
