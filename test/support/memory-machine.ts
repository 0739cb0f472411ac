/** One machine of the hypervisor in memory: its power, its serial port, its log. */
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { memorySource } from '../../src/iso9660/source.ts'
import { openIso } from '../../src/iso9660/index.ts'
import type { Architecture, ConsolePort } from '../../src/provider/capabilities.ts'
import type { ConsoleEnd, ConsoleHandle, ConsoleRequest } from '../../src/provider/contract.ts'
import type { MachineRef, PowerState } from '../../src/provider/machine.ts'
import type { Mark } from '../../src/provider/mark.ts'
import type { GuestScript, PlayedBoot, PlayedMedium } from './played-guest.ts'

export interface MemoryConfig {
  readonly architecture: Architecture
  /** The system speaks on another port than the firmware. */
  readonly hasSystemPort: boolean
  readonly cpus: number
  readonly memoryBytes: number
  readonly secureBoot: boolean
  readonly tpm: boolean
  readonly networks: readonly { readonly mode: string; readonly mac: string }[]
  readonly disks: readonly { readonly where: string; readonly sizeBytes: number }[]
}

export interface MemoryImage {
  readonly state: PowerState
  readonly boot: number
  /** The guest's own, and what was in it then. */
  readonly memory: Map<string, number>
  readonly content: readonly (readonly [string, number])[]
  readonly listeners: readonly ((line: string) => void)[]
  readonly buttonListeners: readonly (() => void)[]
}

export interface MemorySnapshot {
  readonly name: string
  readonly created: string
  readonly parent: string | undefined
  isCurrent: boolean
  /** Files of the pool, frozen: one for each disk. */
  readonly disks: readonly string[]
  readonly image: MemoryImage | undefined
}

export const emptyConfig: MemoryConfig = {
  architecture: 'x86_64',
  hasSystemPort: false,
  cpus: 1,
  memoryBytes: 0,
  secureBoot: false,
  tpm: false,
  networks: [],
  disks: [],
}

/** A serial port: what it said, and who hears it. */
export class MemoryPort {
  readonly log: Buffer[] = []
  /** How much of the log was there at the last start. */
  logAtStart = 0
  /** Who holds the port, or waits for the machine to start. */
  console: MemoryConsole | undefined

  hear(piece: Buffer): void {
    this.log.push(piece)
    this.console?.hear(piece)
  }
}

export class MemoryMachine {
  readonly ref: MachineRef
  mark: Mark | undefined
  config: MemoryConfig
  state: PowerState = 'off'
  medium: { readonly path: string; readonly sha256: string } | undefined
  readonly serial: Readonly<Record<ConsolePort, MemoryPort>>
  /** On the host, by the guest's. */
  readonly ports = new Map<number, number>()
  /** Oldest first. */
  snapshots: MemorySnapshot[] = []
  /** Each start is another boot; what an earlier guest still says is not heard. */
  #boot = 0
  #bootCount = 0
  #buttonListeners: (() => void)[] = []
  #lineListeners: ((line: string) => void)[] = []
  /** What the guest has in its memory. */
  #memory = new Map<string, number>()
  #typed = ''
  readonly #followers = new Set<() => void>()
  readonly #guest: () => GuestScript

  constructor(guest: () => GuestScript, ref: MachineRef, mark: Mark | undefined, config: MemoryConfig) {
    this.#guest = guest
    this.ref = ref
    this.mark = mark
    this.config = config
    const firmware = new MemoryPort()
    this.serial = { firmware, system: config.hasSystemPort ? new MemoryPort() : firmware }
  }

  get serialPorts(): ReadonlySet<MemoryPort> {
    return new Set(Object.values(this.serial))
  }

  get isOn(): boolean {
    return this.state === 'running' || this.state === 'paused'
  }

  async start(): Promise<void> {
    if (this.isOn) return
    const medium = this.medium && (await playedMedium(this.medium.path))
    this.state = 'running'
    this.#bootCount += 1
    this.#boot = this.#bootCount
    this.#wakeFollowers()
    for (const port of this.serialPorts) port.logAtStart = port.log.length
    this.#lineListeners = []
    this.#buttonListeners = []
    this.#memory = new Map()
    this.#typed = ''
    const boot = this.#bootOf(this.#boot, medium)
    void this.#guest()(boot)
  }

  /** The same power, another boot. */
  async reset(): Promise<void> {
    this.state = 'off'
    await this.start()
  }

  /** Everything that was said is heard before the end is. */
  end(state: 'off' | 'crashed'): void {
    if (!this.isOn) return
    this.state = state
    this.ports.clear()
    this.endConsoles({ why: 'machine-off' })
    this.#wakeFollowers()
  }

  endConsoles(end: ConsoleEnd): void {
    for (const port of this.serialPorts) port.console?.end(end)
  }

  /** What a snapshot with memory holds of a machine that is on. */
  saveMemory(): MemoryImage {
    return {
      state: this.state,
      boot: this.#boot,
      memory: this.#memory,
      content: [...this.#memory],
      listeners: [...this.#lineListeners],
      buttonListeners: [...this.#buttonListeners],
    }
  }

  /** The same boot goes on where it was saved. */
  restoreMemory(image: MemoryImage): void {
    this.#boot = image.boot
    this.#lineListeners = [...image.listeners]
    this.#buttonListeners = [...image.buttonListeners]
    this.#memory = image.memory
    this.#memory.clear()
    for (const [key, value] of image.content) this.#memory.set(key, value)
    this.#typed = ''
    this.state = image.state
    this.#wakeFollowers()
  }

  type(bytes: Uint8Array): void {
    const lines = (this.#typed + Buffer.from(bytes).toString('latin1')).split(/[\r\n]/)
    this.#typed = lines.pop() ?? ''
    for (const line of lines.filter((text) => text !== '')) for (const listener of this.#lineListeners) listener(line)
  }

  pressPowerButton(): void {
    for (const listener of this.#buttonListeners) listener()
  }

  /** Nobody will change it any more. */
  gone(): void {
    this.state = 'absent'
    this.#wakeFollowers()
  }

  /** Resolves when there is more in the log, or the machine's state changed, or the signal is aborted. */
  async more(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#followers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#followers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
    })
  }

  #bootOf(number: number, medium: PlayedMedium | undefined): PlayedBoot {
    const isCurrent = (): boolean => this.#boot === number && this.isOn
    const { architecture, hasSystemPort, cpus, memoryBytes, secureBoot, tpm, networks, disks } = this.config
    const write = async (text: string, port: MemoryPort): Promise<void> => {
      for (const piece of pieces(Buffer.from(text, 'latin1'))) {
        await setImmediate()
        if (!isCurrent()) return
        port.hear(piece)
        this.#wakeFollowers()
      }
    }
    return {
      hardware: {
        uuid: this.ref.id,
        architecture,
        hasSystemPort,
        cpus,
        memoryBytes,
        diskBytes: disks.map((disk) => disk.sizeBytes),
        macs: networks.map((network) => network.mac),
        isSecureBoot: secureBoot,
        hasTpm: tpm,
        medium,
      },
      write: (text) => write(text, this.serial.firmware),
      writeSystem: (text) => write(text, this.serial.system),
      powerOff: () => {
        if (isCurrent()) this.end('off')
      },
      crash: () => {
        if (isCurrent()) this.end('crashed')
      },
      onPowerButton: (listener) => {
        this.#buttonListeners.push(listener)
      },
      memory: this.#memory,
      onLine: (listener) => {
        this.#lineListeners.push(listener)
      },
    }
  }

  #wakeFollowers(): void {
    for (const wake of [...this.#followers]) wake()
  }
}

const pieceBytes = 61

function pieces(bytes: Buffer): readonly Buffer[] {
  const count = Math.ceil(bytes.length / pieceBytes)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes))
}

/** The disc as the guest sees it: read from the file. */
async function playedMedium(file: string): Promise<PlayedMedium> {
  const bytes = await readFile(file)
  const image = await openIso(memorySource(bytes))
  const settings = await image
    .openFile('PROBE.CFG')
    .then((found) => found.read(0, found.sizeBytes))
    .then((content) => Buffer.from(content).toString('latin1'))
    .catch(() => undefined)
  const probe = settings === undefined ? undefined : settings.includes('then=wait') ? 'wait' : 'poweroff'
  return { label: image.volumeLabel, sizeBytes: bytes.length, probe }
}

export class MemoryConsole implements ConsoleHandle {
  readonly ended: Promise<ConsoleEnd>
  readonly #machine: MemoryMachine
  readonly #port: MemoryPort
  readonly #request: ConsoleRequest
  #settle: (end: ConsoleEnd) => void = () => undefined
  #isOpen = true

  constructor(machine: MemoryMachine, request: ConsoleRequest) {
    this.#machine = machine
    this.#port = machine.serial[request.port]
    this.#request = request
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  hear(bytes: Uint8Array): void {
    if (this.#isOpen) this.#request.onData(bytes)
  }

  end(end: ConsoleEnd): void {
    this.#isOpen = false
    if (this.#port.console === this) this.#port.console = undefined
    this.#settle(end)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isOpen && this.#machine.isOn) this.#machine.type(bytes)
  }

  async close(): Promise<void> {
    this.end({ why: 'closed' })
  }
}
