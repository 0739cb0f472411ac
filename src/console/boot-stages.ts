/** How far a boot came, read from the serial text. Each pattern with a line that it matches. */
import { printable } from '../printable.ts'

export interface BootStage {
  readonly stage: string
  readonly line: string
}

const patterns: readonly { readonly stage: string; readonly pattern: RegExp }[] = [
  { stage: 'firmware', pattern: /BdsDxe: / }, // BdsDxe: loading Boot0001 "UEFI QEMU DVD-ROM QM00005 "
  { stage: 'boot probe', pattern: /"azl":\s*"probe"/ }, // {"azl":"probe","v":1,"seq":0,"type":"firmware"}
  { stage: 'bootloader', pattern: /GNU GRUB|Welcome to GRUB|systemd-boot|GRUB loading/ }, // GNU GRUB  version 2.06-13+deb12u1
  { stage: 'kernel', pattern: /\[ +0\.000000\] |EFI stub: |Linux version \d/ }, // [    0.000000] Linux version 6.1.0-56-amd64
  { stage: 'initramfs', pattern: /Run \/init as init process|dracut-pre-udev|Begin: Loading essential drivers/ }, // Run /init as init process
  { stage: 'userland', pattern: /systemd\[1\]: |Welcome to .+!|Started .+Serial Getty/ }, // systemd[1]: Detected architecture x86-64.
  { stage: 'login', pattern: /^\S+ login: ?$/m }, // azl4-eval login:
]

/** Reports each stage once, in the order in which they are reached. Keeps at most one unfinished line. */
export class BootStageWatch {
  readonly #onStage: (stage: BootStage) => void
  readonly #seen = new Set<string>()
  #rest = ''

  constructor(onStage: (stage: BootStage) => void) {
    this.#onStage = onStage
  }

  /** The stage that was reached last. */
  get reached(): string {
    return [...this.#seen].at(-1) ?? 'nothing was heard on the serial port'
  }

  feed(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/)
    this.#rest = (lines.at(-1) ?? '').slice(-maxLine)
    for (const line of lines) this.#look(line)
  }

  #look(line: string): void {
    for (const { stage, pattern } of patterns) {
      if (this.#seen.has(stage) || !pattern.test(line)) continue
      this.#seen.add(stage)
      this.#onStage({ stage, line: serialLine(line) })
    }
  }
}

const maxLine = 4096

/** A serial line as it can be shown to a person: without terminal sequences, other control characters made visible, at most 300 characters. */
export function serialLine(line: string): string {
  return printable(line.replace(terminalSequence, '').trimEnd().slice(0, 300))
}

// eslint-disable-next-line no-control-regex -- that is what is looked for: ESC [ 2 J and its like
const terminalSequence = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[@-_])/g
