// @ts-check
// Firmware that does nothing but write to its variables' flash, for ever: what a machine at boot does for moments.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** As large as the code: together they end at 4 GiB, within the 64 KiB that the first instruction's segment reaches. */
const flashBytes = 32 * 1024

/** Where in the code's flash the processor begins: 16 bytes before 4 GiB. */
const resetVector = flashBytes - 16

/** Intel's flash commands: 0x40 is "program", and the next byte written is the datum. */
const loop = Buffer.from([
  ...[0x2e, 0xc6, 0x06, 0x00, 0x00, 0x40], // mov byte cs:[0], 0x40
  ...[0x2e, 0xc6, 0x06, 0x00, 0x00, 0x00], // mov byte cs:[0], 0
  ...[0xeb, 0xf2], // jmp to the first
])

/**
 * Its files, in a folder. The first byte of the variables is 0 once it runs.
 * @param {string} folder
 */
export function flashWriter(folder) {
  const code = Buffer.alloc(flashBytes, 0xf4) // hlt
  const start = resetVector - loop.length
  loop.copy(code, start)
  code.set([0xeb, 256 - loop.length - 2], resetVector) // jmp to the loop
  const files = { code: join(folder, 'writer.fd'), variables: join(folder, 'written.fd'), hasSecureBoot: false }
  writeFileSync(files.code, code)
  writeFileSync(files.variables, Buffer.alloc(flashBytes, 0xff))
  return files
}
