// Preloaded into `azl-vm up` by the benchmark (node --require, which takes least): when each libvirt call was sent and answered, without a
// change to the tool. At its end the process writes that, and its own use of memory, to the file AZL_BENCH_TRACE.
const { readFileSync, writeFileSync } = require('node:fs')
const { Socket } = require('node:net')

const headerBytes = 28
const [typeCall, typeReply] = [0, 1]
const calls = []
const sockets = new WeakMap()

/** Hands each frame's header to `told`, however the bytes are cut. */
function frameReader(told) {
  let rest = Buffer.alloc(0)
  let skipBytes = 0
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const skipped = Math.min(skipBytes, bytes.length)
      skipBytes -= skipped
      bytes = bytes.subarray(skipped)
      if (skipBytes > 0 || bytes.length < headerBytes) break
      skipBytes = Math.max(bytes.readUInt32BE(0), headerBytes)
      told({
        program: bytes.readUInt32BE(4),
        procedure: bytes.readInt32BE(12),
        type: bytes.readInt32BE(16),
        serial: bytes.readUInt32BE(20),
      })
    }
    rest = bytes
  }
}

function readersOf(socket) {
  const open = new Map()
  const readers = {
    sent: frameReader(({ program, procedure, type, serial }) => {
      if (type !== typeCall) return
      const call = { program, procedure, sentMs: performance.now(), answeredMs: undefined }
      calls.push(call)
      open.set(serial, call)
    }),
    received: frameReader(({ type, serial }) => {
      const call = open.get(serial)
      if (type !== typeReply || call === undefined) return
      call.answeredMs = performance.now()
      open.delete(serial)
    }),
  }
  sockets.set(socket, readers)
  return readers
}

const file = process.env.AZL_BENCH_TRACE
// Not for the children of the tool.
delete process.env.AZL_BENCH_TRACE
delete process.env.NODE_OPTIONS
if (file !== undefined) {
  const { write, push } = Socket.prototype
  Socket.prototype.write = function (chunk, ...rest) {
    if (Buffer.isBuffer(chunk)) (sockets.get(this) ?? readersOf(this)).sent(chunk)
    return write.call(this, chunk, ...rest)
  }
  Socket.prototype.push = function (chunk, ...rest) {
    if (Buffer.isBuffer(chunk)) sockets.get(this)?.received(chunk)
    return push.call(this, chunk, ...rest)
  }
  process.on('exit', () => {
    // Not resourceUsage().maxRSS, which a process inherits from the one that started it.
    const [, maxRssKiB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    writeFileSync(file, JSON.stringify({ calls, maxRssKiB: Number(maxRssKiB) }))
  })
}
