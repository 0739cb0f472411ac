/**
 * Bytes that no honest daemon sends. Another seed: `FUZZ_SEED=7 npx vitest run --project unit fuzz`; every failure
 * names its seed and its bytes.
 */
import { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { connect, LibvirtClientError, ProtocolError } from '../../src/index.ts'
import type { Connection, Dialer } from '../../src/index.ts'
import type { AnyCodec } from '../../src/rpc/codec.ts'
import { decode } from '../../src/rpc/decode.ts'
import { FrameReader, headerBytes, writeHeader } from '../../src/rpc/frame.ts'
import { events } from '../../src/rpc/events.ts'
import { procedures } from '../../src/rpc/procedures.ts'
import { errorStruct, streamHole } from '../../src/rpc/shapes.ts'
import { ScriptedServer } from '../../src/testing/index.ts'
import { lyingWords, mutate, validBytes } from '../support/mutation.ts'
import { randomNumbers } from '../support/random.ts'
import type { Random } from '../support/random.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? 20261125)
const mutatedFrames = 10_000

/** Answers, arguments (the scripted server reads those), events and the error: all that is ever decoded. */
const codecs: readonly (readonly [name: string, codec: AnyCodec])[] = [
  ...Object.entries(procedures).flatMap(([name, { args, result }]): [string, AnyCodec][] => [
    [`${name} result`, result],
    [`${name} args`, args],
  ]),
  ...Object.entries(events).map(([name, { message }]): [string, AnyCodec] => [`${name} event`, message]),
  ['error', errorStruct],
  ['hole', streamHole],
]

/** Fails with all that is needed to see it again, where something else than a typed error comes out. */
function decodeOrRefuse(name: string, codec: AnyCodec, payload: Buffer): 'read' | 'refused' {
  try {
    decode(codec, payload)
    return 'read'
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused'
    throw new Error(`seed ${seed}: ${name} of ${payload.toString('hex')}`, { cause: error })
  }
}

/** Bytes in V8's heap and in buffers outside of it, held or not yet collected. */
function memoryBytes(): number {
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

describe(`every decoder (seed ${seed})`, () => {
  it('refuses each truncation of valid bytes with a typed error', () => {
    const random = randomNumbers(seed)
    for (const [name, codec] of codecs) {
      const whole = validBytes(codec, random)
      expect(decodeOrRefuse(name, codec, whole), name).toBe('read')
      for (let length = 0; length < whole.length; length += 1) {
        expect(decodeOrRefuse(name, codec, whole.subarray(0, length)), `${name}, ${length} bytes`).toBe('refused')
      }
    }
  })

  it(`reads or refuses ${mutatedFrames} mutated payloads, with typed errors only`, () => {
    const random = randomNumbers(seed)
    const outcomes = { read: 0, refused: 0 }
    for (let round = 0; round < mutatedFrames; round += 1) {
      const [name, codec] = codecs[round % codecs.length] ?? ['error', errorStruct]
      outcomes[decodeOrRefuse(name, codec, mutate(validBytes(codec, random), random))] += 1
    }
    // Both happen, or the mutations are too weak or too strong to tell anything.
    expect(outcomes.read).toBeGreaterThan(mutatedFrames / 50)
    expect(outcomes.refused).toBeGreaterThan(mutatedFrames / 50)
  })

  it('takes no memory for a length that lies, wherever it stands', () => {
    const random = randomNumbers(seed)
    for (const [name, codec] of codecs) {
      const whole = validBytes(codec, random)
      for (let at = 0; at + 4 <= whole.length; at += 4) {
        for (const word of lyingWords) {
          const lying = Buffer.from(whole)
          lying.writeUInt32BE(word, at)
          // Around each by itself: what was taken for it cannot have been collected yet.
          const before = memoryBytes()
          decodeOrRefuse(name, codec, lying)
          const taken = memoryBytes() - before
          // A text may have 4 MiB, and says so here in words of four bytes.
          if (taken > 2 << 20) expect.fail(`seed ${seed}: ${name} took ${taken} bytes for ${lying.toString('hex')}`)
        }
      }
    }
  })
})

describe(`the reader of frames (seed ${seed})`, () => {
  /** Frames as a daemon sends them, one after the other. */
  const frames = (random: Random): Buffer =>
    Buffer.concat(
      Array.from({ length: 10 }, () => {
        const payload = Buffer.alloc(random(200), random(256))
        const header = { program: 0x20008086, version: 1, procedure: random(400), type: 1, serial: 1, status: 0 }
        return Buffer.concat([writeHeader(Buffer.alloc(headerBytes), header, payload.length), payload])
      }),
    )

  it(`gives frames or a typed error for ${mutatedFrames} mutated ones, in any pieces, and reserves what arrived`, () => {
    const random = randomNumbers(seed)
    for (let sent = 0; sent < mutatedFrames; sent += 10) {
      const bytes = mutate(frames(random), random)
      const reader = new FrameReader()
      let payloadBytes = 0
      try {
        for (let at = 0; at < bytes.length;) {
          const piece = bytes.subarray(at, at + 1 + random(100))
          reader.push(piece, ({ payload }) => (payloadBytes += payload.length))
          at += piece.length
          expect(reader.reservedBytes, `seed ${seed}`).toBeLessThanOrEqual(1 << 20)
        }
        expect(payloadBytes, `seed ${seed}`).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        if (!(error instanceof ProtocolError))
          throw new Error(`seed ${seed}: ${bytes.toString('hex')}`, { cause: error })
      }
    }
  })
})

/** Passes on all that one side says, and spoils some of what the daemon says. */
function spoilingDialer(dialer: Dialer, random: Random, counts: { chunks: number }): Dialer {
  return {
    async dial(target, options) {
      const inner = await dialer.dial(target, options)
      const outer = new Duplex({
        allowHalfOpen: false,
        read: () => inner.resume(),
        write: (chunk: Buffer, _encoding, done) => void inner.write(chunk, done),
        final: (done) => void inner.end(done),
        destroy(error, done) {
          inner.destroy()
          done(error)
        },
      })
      inner.on('data', (chunk: Buffer) => {
        counts.chunks += 1
        if (!outer.push(random(6) === 0 ? mutate(chunk, random) : chunk)) inner.pause()
      })
      inner.on('end', () => outer.push(null))
      inner.on('error', () => outer.destroy())
      inner.on('close', () => outer.destroy())
      return outer
    },
  }
}

const dom = { name: 'vm', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 3 }
const vol = { pool: 'p', name: 'v', key: '/v' }

function chattyServer(): ScriptedServer {
  return new ScriptedServer()
    .handle('connectGetHostname', () => ({ hostname: 'node1' }))
    .handle('domainListAll', () => ({ domains: [dom, dom], ret: 2 }))
    .handle('domainLookupByName', () => ({ dom }))
    .handle('domainGetXml', () => ({ xml: '<domain/>'.repeat(100) }))
    .handle('volumeLookupByPath', () => ({ vol }))
    .handle('domainOpenConsole', (_args, { stream }) => stream.send(Buffer.from('login: ')))
    .handle('volumeDownload', (_args, { stream }) => {
      for (let packet = 0; packet < 5; packet += 1) stream.send(Buffer.alloc(1000, packet))
      stream.end()
    })
    .handle('domainScreenshot', (_args, { stream }) => {
      stream.send(Buffer.alloc(500, 1))
      stream.end()
      return { mime: 'image/png' }
    })
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of bytes);
}

/** All that can be under way at once, each with its end. */
function everything(connection: Connection, server: ScriptedServer): Promise<unknown>[] {
  const domain = connection.lookupDomain('vm')
  const event = { callbackID: 1, msg: { dom, event: 2, detail: 0 } }
  return [
    connection.hostname(),
    connection.listDomains(),
    connection.lookupDomain('none'),
    connection.nodeInfo(),
    connection.onDomainEvent(() => undefined).then(() => server.emit('domainLifecycle', event)),
    domain.then((found) => found.xml()),
    domain.then((found) => found.screenshot()),
    domain.then((found) => found.openConsole()).then(drain),
    connection.lookupVolumeByPath('/v').then((volume) => drain(volume.download({ lengthBytes: 5000 }))),
    connection.lookupVolumeByPath('/v').then((volume) => drain(volume.download())),
  ]
}

/** How each of them ended; a connection that was refused is one end. */
async function converse(server: ScriptedServer, dialer: Dialer): Promise<readonly PromiseSettledResult<unknown>[]> {
  const [connected] = await Promise.allSettled([connect('test:///default', { dialer, keepalive: false })])
  return connected.status === 'rejected' ? [connected] : Promise.allSettled(everything(connected.value, server))
}

/** Far more turns of the event loop than an honest conversation takes. */
const turns = 150

async function turnUntil(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < turns && !isDone(); turn += 1) await nextTurn()
}

describe(`a client of a daemon gone mad (seed ${seed})`, () => {
  it('rejects whatever waits with a typed error once the line is gone, keeps no memory, and never hangs', async () => {
    const random = randomNumbers(seed)
    const counts = { chunks: 0 }
    const before = process.memoryUsage().arrayBuffers
    const settled = { fulfilled: 0, rejected: 0 }
    for (let round = 0; counts.chunks < mutatedFrames; round += 1) {
      const where = `seed ${seed}, round ${round}`
      const server = chattyServer()
      let ends: readonly PromiseSettledResult<unknown>[] | undefined
      void converse(server, spoilingDialer(server.dialer, random, counts)).then((all) => (ends = all))
      await turnUntil(() => ends !== undefined)
      // What still waits has lost its answer to a spoiled frame. It must not outlive the line.
      server.breakConnections()
      await turnUntil(() => ends !== undefined)
      if (ends === undefined) throw new Error(`${where}: somebody waits for ever`)
      for (const end of ends) {
        settled[end.status] += 1
        if (end.status === 'rejected' && !(end.reason instanceof LibvirtClientError)) {
          throw new Error(where, { cause: end.reason })
        }
      }
      expect(process.memoryUsage().arrayBuffers - before, where).toBeLessThan(128 << 20)
    }
    expect(settled.fulfilled).toBeGreaterThan(100)
    expect(settled.rejected).toBeGreaterThan(100)
  }, 180_000)
})
