/** How much may wait for a reader that takes nothing; a boot's whole text is a few hundred KiB. */
const mostWaitingBytes = 8 * 1024 * 1024

/** A stream, or what writes to one. */
interface BoundedTarget {
  write(bytes: Uint8Array | string): unknown
  /** Bytes that wait, where it is known. */
  readonly writableLength?: number
}

/**
 * Writes a guest's bytes to `output` without waiting and without growing: while a reader that stopped keeps more than
 * 8 MiB waiting, further bytes are left out, and the next that are written begin with a line that says how many. The
 * guest never waits, and the machine's log has all of it.
 */
export function boundedOutput(output: BoundedTarget): (bytes: Uint8Array) => void {
  let leftOutBytes = 0
  return (bytes) => {
    if ((output.writableLength ?? 0) > mostWaitingBytes) {
      leftOutBytes += bytes.length
      return
    }
    if (leftOutBytes > 0) {
      output.write(`\r\n[azl-vm: ${leftOutBytes} bytes left out, nobody read them; \`azl-vm logs\` has them]\r\n`)
      leftOutBytes = 0
    }
    output.write(bytes)
  }
}
