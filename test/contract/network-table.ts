/**
 * The table of the network modes (src/provider/network-modes.ts), from inside: two guests, booted once, each with a
 * card of every mode, of which one at a time is switched on.
 */
import { readFile, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ConsoleHandle } from '../../src/provider/contract.ts'
import type { MachineRequest, Medium } from '../../src/provider/machine.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import { linuxGuestIso } from '../support/linux-guest.ts'
import { testCall } from '../support/test-environment.ts'
import { listener, type Bench, type Listener, type Surroundings } from './contract-bench.ts'

const modes = ['nat', 'bridged', 'host-only', 'isolated'] as const satisfies readonly NetworkMode[]

/** Two emulated Linuxes at once, on a machine that has other things to do. */
const bootBothMs = 300_000

/** What busybox' timeout ends with: by SIGTERM. */
const endedByTimeout = 143

const sshPort = 22
const forwarded = 80

export function networkTableTests(bench: () => Bench, surroundings: () => Promise<Surroundings>): void {
  let around: Surroundings | undefined
  let guests: readonly [Guest, Guest] | undefined
  // Where the beginning failed there is nothing to test.
  const begun = (): { readonly around: Surroundings; readonly guests: readonly [Guest, Guest] } => {
    if (!around || !guests) throw new Error('the guests were not booted')
    return { around, guests }
  }

  beforeAll(async () => {
    const { folder } = bench()
    around = await surroundings()
    const iso = join(folder, 'guest.iso')
    await linuxGuestIso(iso, 'obey')
    const medium = await mediumOf(iso)
    const cards = modes.map((mode) => (mode === 'nat' ? `{ forward: [{ guest: ${forwarded} }] }` : `{ mode: ${mode} }`))
    const lines = [
      `machine: { cpus: 1, memory: 384MiB, disks: [], networks: [${cards.join(', ')}] }`,
      ...around.specLines,
    ]
    // Made one after the other, for the name of the medium's copy is one; booted at once.
    const made = [
      await Guest.make(bench(), 'guest-1', medium, lines),
      await Guest.make(bench(), 'guest-2', medium, lines),
    ]
    guests = [made[0]!, made[1]!]
    await Promise.all(guests.map((guest) => guest.boot()))
  }, bootBothMs)

  afterAll(async () => {
    // What the second leaves, where both are shared, goes with it.
    for (const guest of guests ?? []) await guest.remove()
    await around?.close()
  })

  test('nat: out to the outside and the host; in by the ports that lead to SSH and to what is forwarded, from the host alone', async () => {
    const { around, guests } = begun()
    const [guest] = guests
    await guest.use('nat')
    await guest.askForAddress()
    expect(await guest.answers(around.outside), 'guest to outside').toBe(true)
    expect(await guest.answers(around.host.nat), 'guest to host').toBe(true)
    const endpoint = await bench().provider.endpoint(guest.request.ref, testCall())
    const port = guest.outputs[`port-${forwarded}`]
    for (const lead of [endpoint?.port, port]) {
      expect(await around.answers('host', `http://127.0.0.1:${String(lead)}/`), 'host to guest').toBe(true)
      expect(await around.answers('outside', `http://${around.hostFromOutside}:${String(lead)}/`)).toBe(false)
    }
  })

  test('bridged: a member of the outside network, in both directions, as is its neighbour', async () => {
    const { around, guests } = begun()
    const [guest, other] = guests
    const [address, neighbour] = await Promise.all(guests.map(addressFor('bridged')))
    expect(await guest.answers(around.outside), 'guest to outside').toBe(true)
    expect(await guest.answers(around.host.bridged), 'guest to host').toBe(true)
    expect(await around.answers('host', `http://${address}/`), 'host to guest').toBe(true)
    expect(await around.answers('outside', `http://${address}/`), 'outside to guest').toBe(true)
    expect(await guest.answers(`http://${neighbour}/`), 'guest to guest').toBe(true)
    expect(await other.answers(`http://${address}/`), 'guest to guest').toBe(true)
  })

  test('host-only: the host and the neighbour, and nobody outside, also where the guest has found itself a way', async () => {
    const { around, guests } = begun()
    const [guest, other] = guests
    const [address, neighbour] = await Promise.all(guests.map(addressFor('host-only')))
    expect(await guest.answers(around.host['host-only']), 'guest to host').toBe(true)
    expect(await around.answers('host', `http://${address}/`), 'host to guest').toBe(true)
    expect(await guest.answers(`http://${neighbour}/`), 'guest to guest').toBe(true)
    expect(await other.answers(`http://${address}/`), 'guest to guest').toBe(true)
    expect(await guest.answers(around.outside), 'guest to outside').toBe(false)
    await guest.must(`ip route replace default via ${new URL(around.host['host-only']).hostname}`)
    expect(await guest.answers(around.outside), 'guest to outside, by a way of its own').toBe(false)
    expect(await around.answers('outside', `http://${address}/`), 'outside to guest').toBe(false)
  })

  test('isolated: nobody, with whatever address the guest gives itself', async () => {
    const { around, guests } = begun()
    const [guest, other] = guests
    await Promise.all(
      guests.map(async (each, index) => {
        await each.use('isolated')
        expect(await each.code(askForAddress(await each.card('isolated')))).not.toBe(0)
        await each.must(`ip address add ${around.spare.addresses[index] ?? ''} dev ${await each.card('isolated')}`)
        await each.must(`ip route add default via ${around.spare.router}`)
      }),
    )
    const [address, neighbour] = around.spare.addresses.map((spare) => spare.replace(/\/\d+$/, ''))
    const fromGuest = async () => {
      const toOutside = await guest.answers(around.outside)
      return { toOutside, toGuest: await guest.answers(`http://${neighbour ?? ''}/`) }
    }
    // Each goes on until its time is over: all at once, as far as they begin in different places.
    const [{ toOutside, toGuest }, toHost, fromHost, fromOutside] = await Promise.all([
      fromGuest(),
      other.answers(around.host.isolated),
      around.answers('host', `http://${address ?? ''}/`),
      around.answers('outside', `http://${address ?? ''}/`),
    ])
    expect({ toOutside, toHost, toGuest, fromHost, fromOutside }).toEqual({
      toOutside: false,
      toHost: false,
      toGuest: false,
      fromHost: false,
      fromOutside: false,
    })
    expect(await guest.answers('http://127.0.0.1/'), 'the guest’s own server').toBe(true)
    expect(await other.answers('http://127.0.0.1/'), 'the guest’s own server').toBe(true)
  })
}

/** Switches the card on and hands back the address that it was given. */
function addressFor(mode: NetworkMode): (guest: Guest) => Promise<string> {
  return async (guest) => {
    await guest.use(mode)
    await guest.askForAddress()
    const said = await guest.must(`ip -4 address show dev ${await guest.card(mode)}`)
    return /inet ([\d.]+)/.exec(said)?.[1] ?? `none: ${said}`
  }
}

function askForAddress(card: string): string {
  return `udhcpc -i ${card} -n -q -t 5 -T 2 -s /on-lease`
}

async function mediumOf(path: string): Promise<Medium> {
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  return { path, sizeBytes: (await stat(path)).size, sha256 }
}

/** A Linux whose serial port obeys. */
class Guest {
  readonly request: MachineRequest
  outputs: Readonly<Record<string, unknown>> = {}
  readonly #bench: Bench
  readonly #heard: Listener = listener()
  #console: ConsoleHandle | undefined
  #mode: NetworkMode = 'nat'

  private constructor(bench: Bench, request: MachineRequest) {
    this.#bench = bench
    this.request = request
  }

  static async make(bench: Bench, name: string, medium: Medium, lines: readonly string[]): Promise<Guest> {
    const probe = await bench.request(name, ...lines)
    const installer = { sha256: medium.sha256, fileName: 'guest.iso' }
    const request = { ...probe, installer: medium, mark: { ...probe.mark, installer } }
    await bench.apply(request, bench.making(request))
    return new Guest(bench, request)
  }

  async boot(): Promise<void> {
    const { provider } = this.#bench
    const { onData } = this.#heard
    this.#console = await provider.openConsole(this.request.ref, { port: 'system', onData }, testCall())
    this.outputs = (await provider.start(this.request.ref, testCall())).outputs
    await this.#heard.until('the guest', () => this.#heard.text.includes('guest-is-ready'))
    for (const port of [sshPort, forwarded]) await this.must(`httpd -p ${port} -h /www`)
  }

  /** The output of a command that succeeds. */
  async must(command: string): Promise<string> {
    const { code, output } = await this.#run(command)
    if (code !== 0) throw new Error(`${this.request.ref.name}: ${command} ended with ${code}: ${output}`)
    return output
  }

  async code(command: string): Promise<number> {
    return (await this.#run(command)).code
  }

  async answers(url: string): Promise<boolean> {
    // Not wget's own -T: with it Debian 12's static busybox ends by SIGSEGV, which is no answer either.
    const code = await this.code(`timeout 10 wget -q -O /dev/null ${url}`)
    if (code > 128 && code !== endedByTimeout) throw new Error(`the guest's wget crashed: ${String(code)}`)
    return code === 0
  }

  /** The guest's name for its card of a mode. */
  async card(mode: NetworkMode): Promise<string> {
    const mac = this.request.macs[modes.indexOf(mode)] ?? ''
    return (await this.must(`cd /sys/class/net && grep -l ${mac} */address | cut -d/ -f1`)).trim()
  }

  /** Switches all cards off but the one of this mode. */
  async use(mode: NetworkMode): Promise<void> {
    this.#mode = mode
    await this.must('cd /sys/class/net && for c in eth*; do ip address flush dev $c; ip link set $c down; done')
    await this.must(`ip link set lo up; ip link set ${await this.card(mode)} up`)
  }

  async askForAddress(): Promise<void> {
    await this.must(askForAddress(await this.card(this.#mode)))
  }

  async remove(): Promise<void> {
    await this.#console?.close()
    await this.#bench.destroy(this.request.ref)
  }

  async #run(command: string): Promise<{ readonly code: number; readonly output: string }> {
    const from = this.#heard.text.length
    await this.#console?.write(Buffer.from(`${command}\n`))
    const pattern = /guest-begin\r?\n([^]*)guest-end (\d+)\r?\n/
    await this.#heard.until(`the end of ${command}`, () => pattern.test(this.#heard.text.slice(from)))
    const [, output = '', code = ''] = pattern.exec(this.#heard.text.slice(from)) ?? []
    return { code: Number(code), output }
  }
}
