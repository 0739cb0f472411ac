/** What the contract suite works with: a provider at a host of its own, requests from real specs, a heard console. */
import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createProbeReader, type ProbeReader } from 'boot-probe'
import { probeVolumeLabel, ensureProbeIso } from '../../src/media/probe-iso.ts'
import type { Environment } from '../../src/pipeline/environment.ts'
import { mint, requestFrom } from '../../src/pipeline/minting.ts'
import type { Architecture } from '../../src/provider/capabilities.ts'
import type { Facts, Provider } from '../../src/provider/contract.ts'
import type { NetworkMode } from '../../src/provider/network-modes.ts'
import type { MachineInfo, MachineRef, MachineRequest, Medium } from '../../src/provider/machine.ts'
import { mintRunId } from '../../src/provider/mark.ts'
import type { Operation, Outputs, Plan } from '../../src/provider/plan.ts'
import { loadText, probeSpec, testCall } from '../support/test-environment.ts'

/** A hypervisor for the suite alone, and what a user or another program could do there without azl-vm. */
export interface ContractHost {
  /** Opens a provider, as each command does. */
  open(): Promise<Provider>
  /** The same provider where no hypervisor is. */
  openUnready(): Promise<Provider>
  /** A machine that azl-vm did not make. */
  makeForeignMachine(name: string): Promise<MachineRef>
  removeForeignMachine(ref: MachineRef): Promise<void>
  /** A copy of a machine with all that it carries, under another name and id. */
  copyByHand(ref: MachineRef, name: string): Promise<MachineRef>
  /**
   * Puts a thing of a run where the provider keeps its things, and tells what it is called. A machine of ours is there.
   */
  makeLeftover(machineName: string, runId: string): Promise<string>
  /** The UUID by which a machine's guest knows it; default: its id. Not every hypervisor takes core's. */
  guestUuid?(ref: MachineRef): Promise<string>
  /** Where the host's network and the guests' are only played: has the host hear from a guest's card, with colons. */
  hearFrom?(mac: string): Promise<void>
  /** Where neither firmware nor hypervisor tells how a boot went: what the firmware of the double said. */
  firmwareText?(ref: MachineRef): Promise<string>
  /** Everything that is on the host, of whomever. */
  inventory(): Promise<readonly string[]>
  close(): Promise<void>
}

/**
 * The host of the table and something outside of it, each with a web server. All that is asked is "does this URL
 * answer": a refusal, silence and no way there are the same.
 */
export interface Surroundings {
  /** For every spec, what this provider needs to know of the host's networks. */
  readonly specLines: readonly string[]
  /** The server outside, as a guest would reach it. */
  readonly outside: string
  /** The server of the host, as a guest on a network of this mode would reach it. */
  readonly host: Readonly<Record<NetworkMode, string>>
  /** An address and a way that fit in outside's network, for a guest that has been given none; as `ip` takes them. */
  readonly spare: { readonly addresses: readonly [string, string]; readonly router: string }
  /** The host, as something outside would reach it, for its forwarded ports. */
  readonly hostFromOutside: string
  /** Whether a URL answers the host, or somebody outside of it. */
  answers(from: 'host' | 'outside', url: string): Promise<boolean>
  close(): Promise<void>
}

export interface Listener {
  readonly text: string
  readonly reader: ProbeReader
  readonly onData: (bytes: Uint8Array) => void
  /** Resolves once `isMet` holds, looked at after each piece; the deadline's error shows what was heard. */
  until(what: string, isMet: () => boolean): Promise<void>
}

const hearWithinMs = 120_000

export function listener(): Listener {
  const reader = createProbeReader()
  const waiting = new Set<() => void>()
  let text = ''
  const heard: Listener = {
    get text() {
      return text
    },
    reader,
    onData: (bytes) => {
      text += Buffer.from(bytes).toString('latin1')
      reader.feed(bytes)
      for (const look of [...waiting]) look()
    },
    until: (what, isMet) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`${what} was not heard; the port said ${JSON.stringify(text.slice(-2000))}`))
        }, hearWithinMs)
        const look = (): void => {
          if (!isMet()) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
  return heard
}

export class Bench {
  readonly host: ContractHost
  readonly provider: Provider
  readonly facts: Facts
  readonly folder: string
  readonly environment: Environment
  readonly set: readonly string[]

  constructor(parts: Pick<Bench, 'host' | 'provider' | 'facts' | 'folder' | 'environment' | 'set'>) {
    this.host = parts.host
    this.provider = parts.provider
    this.facts = parts.facts
    this.folder = parts.folder
    this.environment = parts.environment
    this.set = parts.set
  }

  /** A file of the user's: each medium one of its own, so that one test's is not another's. */
  async medium(then: 'poweroff' | 'wait', arch: Architecture = 'x86_64'): Promise<Medium> {
    const binary = await this.environment.probeBinary(arch)
    const folder = join(this.folder, randomBytes(4).toString('hex'))
    const { path, sizeBytes, sha256 } = await ensureProbeIso(folder, { arch, then, binary })
    return { path, sizeBytes, sha256 }
  }

  /** Small: x86_64, two processors, 256 MiB, no disk and no network card, unless `lines` say otherwise. */
  async request(name: string, ...lines: readonly string[]): Promise<MachineRequest> {
    const hasMachine = lines.some((line) => line.startsWith('machine:'))
    const machine = hasMachine ? [] : ['machine: { memory: 256MiB, disks: [], networks: [] }']
    const loaded = await loadText(this.folder, probeSpec(name, 'wait', ...machine, ...lines), this.set)
    const { arch } = loaded.spec
    const minted = mint(this.environment, loaded, this.runId(), await this.medium('wait', arch))
    return requestFrom(this.environment, loaded, minted, this.provider.name, arch)
  }

  /** Each in a millisecond of its own, as runs of one process are in life. */
  runId(): string {
    this.#runs += 1
    const { owner, processes, now } = this.environment
    return mintRunId(owner, processes.self, new Date(now().getTime() + this.#runs))
  }
  #runs = 0

  plan(request: MachineRequest): Plan {
    return this.provider.plan(request, this.facts)
  }

  /** The operations that make the machine, without those that run it. */
  making(request: MachineRequest): readonly Operation[] {
    return this.plan(request).operations.filter(({ object }) => !['start', 'forward'].includes(object.kind))
  }

  async apply(request: MachineRequest, operations: readonly Operation[]): Promise<Outputs> {
    let outputs: Outputs = {}
    for (const operation of operations)
      outputs = { ...outputs, ...(await this.provider.apply(operation, request, testCall())) }
    return outputs
  }

  /** Makes the machine; it is off. */
  async make(name: string, ...lines: readonly string[]): Promise<MachineRequest> {
    const request = await this.request(name, ...lines)
    await this.apply(request, this.making(request))
    return request
  }

  async inspect(ref: MachineRef): Promise<MachineInfo> {
    return await this.provider.inspect(ref, testCall())
  }

  /** By which the guest knows its machine. */
  async guestUuid(ref: MachineRef): Promise<string> {
    return (await this.host.guestUuid?.(ref)) ?? ref.id
  }

  async destroy(ref: MachineRef): Promise<void> {
    await this.provider.destroy(ref, testCall())
    await this.provider.removeUnusedShared(testCall())
  }
}

export { probeVolumeLabel }

export async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString('latin1')
}

/** What may not change of a file that a user named. */
export async function fingerprint(file: string): Promise<object> {
  const { uid, gid, mode, size, ino, mtimeMs } = await stat(file)
  const { createHash } = await import('node:crypto')
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
  return { uid, gid, mode, size, ino, mtimeMs, sha256 }
}
