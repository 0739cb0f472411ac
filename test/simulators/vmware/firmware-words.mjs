// @ts-check
// What OVMF says of a boot, in the words in which VMware's firmware has it in vmware.log.

/** The lines for vmware.log that follow from lines of the firmware's console. */
export class FirmwareWords {
  #isDenied = false
  #isTold = false

  /** @param {string} line @returns {readonly string[]} */
  hear(line) {
    if (!line.includes('BdsDxe: ')) return []
    const isOfFirmware = line.includes(' from Fv(')
    const name = / "([^"]*)" from /.exec(line)?.[1]?.trim() ?? ''
    if (line.includes('BdsDxe: loading ') && !isOfFirmware) {
      // A source is tried: a boot, or another one.
      this.#isTold = false
      return [`Guest: About to do EFI boot: ${name}`]
    }
    if (line.includes(': Access Denied')) {
      this.#isDenied = true
      return ['SECUREBOOT: Image DENIED.', 'Guest: Status upon boot failure: Security Violation']
    }
    if (line.includes('BdsDxe: failed to load')) return ['Guest: Status upon boot failure: No Media']
    const isOver = line.includes('BdsDxe: No bootable option') || (line.includes('BdsDxe: starting ') && isOfFirmware)
    if (!isOver || this.#isTold) return []
    this.#isTold = true
    const isDenied = this.#isDenied
    this.#isDenied = false
    return isDenied ? [] : ['[msg.Backdoor.OsNotFound] No operating system was found.']
  }
}
