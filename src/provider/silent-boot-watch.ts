/**
 * For firmwares that write nothing on the serial port: the first text there is the guest's, so something was booted. The
 * probe says what it is; of anything else the port does not tell what was booted.
 */
import type { BootOutcome, BootWatch } from './contract.ts'
import { cleanLine } from './edk2-boot-watch.ts'

const probePattern = /"azl":"probe"/ // {"azl":"probe","v":1,"seq":0,"type":"firmware"}
/** A guest that ends no line has spoken all the same. Characters. */
const mostLine = 300

export class SilentFirmwareWatch implements BootWatch {
  #rest = ''

  feed(text: string): BootOutcome | undefined {
    const lines = (this.#rest + text).split(/[\r\n]+/)
    this.#rest = lines.at(-1) ?? ''
    const whole = this.#rest.length < mostLine ? lines.slice(0, -1) : lines
    const first = whole.map(cleanLine).find((line) => line !== '')
    if (first === undefined) return undefined
    const evidence = [first.slice(0, mostLine)]
    return probePattern.test(first)
      ? { is: 'left-for', target: 'installer', name: 'the boot probe', evidence }
      : { is: 'left-for', target: 'other', name: 'it speaks on the serial port', evidence }
  }
}
