/** What the measurements stand on: a libvirtd of their own, a listener on it, folders that go away again. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { connect, type Connection } from 'libvirt-ts'
import { buildProbeIso } from '../../src/media/probe-iso.ts'
import { startLibvirtDaemon, type LibvirtDaemon } from '../../test/support/libvirt-daemon.ts'
import { finished, within, type Finished } from './measure.ts'

/** What the preloaded scripts/bench/rpc-trace.cjs saw. */
export interface Trace {
  readonly calls: readonly {
    readonly program: number
    readonly procedure: number
    readonly sentMs: number
    readonly answeredMs?: number
  }[]
  readonly maxRssKiB: number
}

export interface MachineSize {
  readonly cpus: number
  readonly memoryMib: number
  readonly diskGib: number
}

export const machineSize: MachineSize = { cpus: 2, memoryMib: 512, diskGib: 1 }

/** So long takes only what is broken, also on a busy machine. */
export const patienceMs = 180_000

export class World {
  readonly folder: string
  readonly daemon: LibvirtDaemon
  readonly connection: Connection
  readonly root: string
  readonly #resumed = new Map<string, (() => void)[]>()
  #runs = 0

  private constructor(root: string, folder: string, daemon: LibvirtDaemon, connection: Connection) {
    this.root = root
    this.folder = folder
    this.daemon = daemon
    this.connection = connection
  }

  static async begin(root: string): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'azl-vm-bench-'))
    // QEMU's own user reads the ISO that virt-install attaches.
    await chmod(folder, 0o755)
    const daemon = await startLibvirtDaemon()
    const connection = await connect(daemon.uri)
    const world = new World(root, folder, daemon, connection)
    await connection.onDomainEvent(({ domain, event }) => {
      if (event !== 'resumed') return
      for (const tell of world.#resumed.get(domain.name) ?? []) tell()
      world.#resumed.delete(domain.name)
    })
    return world
  }

  async end(): Promise<void> {
    await this.connection.close()
    await this.daemon.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  get cli(): string {
    return join(this.root, 'dist', 'cli.js')
  }

  /** `performance.now()` at the next Resumed event of a machine. */
  async resumed(name: string): Promise<number> {
    return await within(
      `the Resumed event of ${name}`,
      patienceMs,
      new Promise<number>((resolve) => {
        const waiting = this.#resumed.get(name) ?? []
        this.#resumed.set(name, [...waiting, () => resolve(performance.now())])
      }),
    )
  }

  async spec(name: string, acceleration: 'emulated' | 'auto'): Promise<string> {
    const { cpus, memoryMib, diskGib } = machineSize
    const spec = {
      version: 1,
      name,
      source: { probe: { then: 'wait' } },
      machine: { cpus, memory: `${memoryMib}MiB`, acceleration, disks: [{ size: `${diskGib}GiB` }] },
    }
    const file = join(this.folder, `${name}.yaml`)
    await writeFile(file, JSON.stringify(spec))
    return file
  }

  async probeIso(): Promise<string> {
    const binary = await readFile(join(this.root, 'packages', 'boot-probe', 'bin', 'BOOTX64.EFI'))
    const file = join(this.folder, 'probe.iso')
    await writeFile(file, buildProbeIso({ arch: 'x86_64', then: 'wait', binary }))
    return file
  }

  /** Starts the tool with a home of its own; `trace` is there once `ended` is. */
  async tool(argv: readonly string[], options: ToolOptions = {}): Promise<ToolRun> {
    this.#runs += 1
    const home = options.home ?? join(this.folder, 'home')
    const traceFile = join(this.folder, `trace-${this.#runs}.json`)
    await mkdir(home, { recursive: true })
    const startedAtMs = performance.now()
    const child = spawn(process.execPath, [this.cli, ...argv], {
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        AZL_VM_HOME: home,
        LIBVIRT_DEFAULT_URI: this.daemon.uri,
        NODE_OPTIONS: `--require ${join(this.root, 'scripts', 'bench', 'rpc-trace.cjs')}`,
        AZL_BENCH_TRACE: traceFile,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child.stdin.end(options.stdin ?? '')
    const { until } = options
    if (until !== undefined) interruptAt(child, until)
    const ended = finished(child).then((end) => {
      if (end.exitCode !== 0)
        throw new Error(`azl-vm ${argv.join(' ')}: exit code ${String(end.exitCode)}\n${end.stderr}`)
      return end
    })
    const trace = ended.then(async () => JSON.parse(await readFile(traceFile, 'utf8')) as Trace)
    // Who asks hears of a failure by `ended`.
    trace.catch(() => undefined)
    return { startedAtMs, ended, trace }
  }

  async destroy(name: string): Promise<void> {
    await (
      await this.tool(['destroy', name])
    ).ended
  }

  /** A machine that runs and was made without the tool, with its qcow2 disk. */
  async removeForeign(name: string): Promise<void> {
    const domain = await this.connection.lookupDomain(name)
    const xml = await domain.xml({ inactive: true })
    await domain.destroy()
    await domain.undefine({ nvram: true, tpm: true })
    const [, disk] = /<source file='([^']+\.qcow2)'/.exec(xml) ?? []
    if (disk !== undefined) await (await this.connection.lookupVolumeByPath(disk)).delete()
  }

  /** Where the daemon's /var/lib/libvirt/images lies on this side. */
  get imagesFolder(): string {
    return join(this.daemon.folder, 'lib', 'images')
  }
}

/** As Ctrl-C, once a text was printed. */
function interruptAt(child: ChildProcessByStdio<Writable, Readable, Readable>, text: RegExp): void {
  let tail = ''
  child.stdout.on('data', (chunk: Buffer) => {
    tail += chunk.toString('latin1')
    if (text.test(tail)) child.kill('SIGINT')
    tail = tail.slice(-4096)
  })
}

interface ToolOptions {
  readonly stdin?: string
  /** Default: one that all runs share. */
  readonly home?: string
  /** Interrupts the tool once it printed this. */
  readonly until?: RegExp
}

export interface ToolRun {
  readonly startedAtMs: number
  readonly ended: Promise<Finished>
  readonly trace: Promise<Trace>
}
