/** What an end-to-end test stands on: a libvirtd of its own, the tool as it is now, and users who share the two. */
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, readFile, rm, chmod, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { connect } from 'libvirt-ts'
import { Home } from '../../src/store/paths.ts'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { ToolProcess, until, type Ended } from './e2e-process.ts'
import { libvirtUnavailable, startLibvirtDaemon, type LibvirtDaemon } from './libvirt-daemon.ts'
import { findBelow } from './process-below.ts'

/** What happens to an `up` at an entry of its journal; see test/e2e/fixtures/up-killed-at-entry.ts. */
export interface JournalFault {
  readonly act: 'kill' | 'hold'
  readonly when: 'before' | 'after'
  /** 1 is the first entry of this run. */
  readonly entry: number
  /** For `hold`: goes on when this file is there; `<file>.held` says that it stands still. */
  readonly file: string
}

/** Where in a member of the provider a command dies; see test/e2e/fixtures/killed-at-act.ts. */
export interface ActFault {
  readonly member: 'snapshot' | 'restore' | 'deleteSnapshot' | 'clone'
  /** Before the n-th thing that it asks of the hypervisor; 1 is the first. */
  readonly step: number
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly stdin?: string
  readonly fault?: JournalFault
  readonly actFault?: ActFault
  /** With the daemon's socket at its usual place, so that nothing needs to be named. */
  readonly isAtUsualSocket?: boolean
  /** As a user without any rights. */
  readonly isNobody?: boolean
  /** A program with arguments, by which the command is run. */
  readonly by?: readonly [file: string, ...args: string[]]
}

/** Puts the daemon's socket where a client looks for it, in a mount namespace of the command's own. */
const atUsualSocket = 'mkdir -p /run/libvirt && mount --bind "$1" /run/libvirt && shift && exec "$@"'

/** One owner: an AZL_VM_HOME. */
export class User {
  readonly home: string
  readonly #world: World

  constructor(world: World, home: string) {
    this.#world = world
    this.home = home
  }

  spawn(argv: readonly string[], options: RunOptions = {}): ToolProcess {
    const { daemon, tool, folder } = this.#world
    const script = options.actFault ? tool.killedAct : options.fault ? tool.killedUp : tool.cli
    const run = [process.execPath, script, ...argv] as const
    const asWhom = options.isNobody
      ? (['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...run] as const)
      : options.isAtUsualSocket
        ? (['unshare', '--mount', 'sh', '-c', atUsualSocket, 'sh', join(daemon.folder, 'run'), ...run] as const)
        : run
    const command = options.by ? ([...options.by, ...asWhom] as const) : asWhom
    const env = {
      PATH: process.env['PATH'],
      HOME: this.home,
      AZL_VM_HOME: this.home,
      ...(options.isAtUsualSocket ? {} : { LIBVIRT_DEFAULT_URI: daemon.uri }),
      ...(options.fault ? { AZL_VM_TEST_JOURNAL: JSON.stringify(options.fault) } : {}),
      ...(options.actFault ? { AZL_VM_TEST_ACT: JSON.stringify(options.actFault) } : {}),
      ...options.env,
    }
    return this.#world.watched(new ToolProcess({ command: [...command], cwd: options.cwd ?? folder, env }))
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const tool = this.spawn(argv, options)
    if (options.stdin !== undefined) tool.type(options.stdin)
    tool.endInput()
    return await tool.ended
  }

  /** Runs with --output json and hands back the one document; throws where the exit code is another than 0. */
  async json<T>(argv: readonly string[], options: RunOptions = {}): Promise<T> {
    const ended = await this.run([...argv, '--output', 'json'], options)
    if (ended.exitCode !== 0) throw new Error(`azl-vm ${argv.join(' ')}: ${tellEnd(ended)}`)
    return JSON.parse(ended.stdout) as T
  }

  /** The machines' folders below state. */
  async stateFolders(): Promise<readonly string[]> {
    const root = join(this.home, 'state', 'machines')
    const entries = await readdir(root, { recursive: true }).catch(() => [])
    return entries.filter((entry) => entry.split('/').length === 3)
  }

  async forget(): Promise<void> {
    await rm(join(this.home, 'state'), { recursive: true, force: true })
  }

  journalFile(machine: string, options: Pick<RunOptions, 'isAtUsualSocket'> = {}): string {
    const host = options.isAtUsualSocket ? 'qemu:///system' : this.#world.daemon.uri
    return new Home(this.home).machine('kvm', host, machine).journal
  }

  async journal(machine: string): Promise<readonly JournalLine[]> {
    const text = await readFile(this.journalFile(machine), 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalLine)
  }
}

export interface JournalLine {
  readonly entry: string
  readonly act?: string
  readonly operation?: string
}

export class World {
  readonly daemon: LibvirtDaemon
  readonly tool: BuiltTool
  /** Others may pass through it. */
  readonly folder: string
  #before: ReadonlySet<string> = new Set()
  #users = 0
  #running: ToolProcess[] = []

  private constructor(daemon: LibvirtDaemon, tool: BuiltTool, folder: string) {
    this.daemon = daemon
    this.tool = tool
    this.folder = folder
  }

  static async begin(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'azl-vm-e2e-'))
    await chmod(folder, 0o755)
    // A source that does not build starts no daemon.
    const tool = await buildTool()
    const daemon = await startLibvirtDaemon()
    return new World(daemon, tool, folder)
  }

  async end(): Promise<void> {
    await this.daemon.stop()
    await this.tool.remove()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Keeps an eye on a process, which is not to outlive its test. */
  watched(tool: ToolProcess): ToolProcess {
    this.#running.push(tool)
    return tool
  }

  async endTools(): Promise<void> {
    const left = this.#running.filter((tool) => !tool.isEnded)
    this.#running = []
    for (const tool of left) tool.kill('SIGKILL')
    await Promise.all(left.map((tool) => tool.ended))
  }

  async user(): Promise<User> {
    this.#users += 1
    const home = join(this.folder, `home-${this.#users}`)
    await mkdir(home)
    return new User(this, home)
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts)
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(this.path(name), content)
    return this.path(name)
  }

  /** Writes a spec; JSON is YAML too. */
  async spec(name: string, more: SpecParts = {}): Promise<string> {
    const { file, machine, ...rest } = more
    const spec = {
      version: 1,
      name,
      source: { probe: { then: 'poweroff' } },
      machine: { memory: '256MiB', cpus: 1, acceleration: 'emulated', disks: [{ size: '64MiB' }], ...machine },
      ...rest,
    }
    return await this.write(file ?? `${name}.yaml`, JSON.stringify(spec))
  }

  /** Runs a shell script where the daemon lives: in its mount namespace, as its process 1 sees it. */
  async inside(script: string): Promise<void> {
    const pid = await this.daemonProcess('libvirtd')
    await promisify(execFile)('nsenter', ['--target', String(pid), '--mount', 'sh', '-ec', script])
  }

  /** Runs a command in the daemon's network namespace, whose links are the host's for its machines. */
  async inNetwork(...command: readonly string[]): Promise<void> {
    const pid = await this.daemonProcess('libvirtd')
    await promisify(execFile)('nsenter', ['--target', String(pid), '--net', ...command])
  }

  async virsh(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('virsh', ['-q', '-c', this.daemon.uri, ...args])
    return stdout
  }

  /** What {@link leftBehind} leaves out: what is there now. */
  async remember(): Promise<void> {
    this.#before = new Set(await this.#all())
  }

  /** All that lies on the daemon and was not there when the test began, by libvirt's account and by its folders. */
  async leftBehind(): Promise<readonly string[]> {
    return (await this.#all()).filter((thing) => !this.#before.has(thing))
  }

  async #all(): Promise<readonly string[]> {
    const connection = await connect(this.daemon.uri)
    try {
      const named = (kind: string, things: readonly { readonly name: string }[]): readonly string[] =>
        things.map(({ name }) => `${kind} ${name}`)
      return [
        ...named('domain', await connection.listDomains()),
        ...named('pool', await connection.listPools()),
        ...named('network', await connection.listNetworks()),
        ...(await entriesBelow(join(this.daemon.folder, 'lib'), ['images', 'swtpm', 'qemu/nvram', 'qemu/save'])),
        ...(await entriesBelow(join(this.daemon.folder, 'etc'), ['qemu', 'storage'])).filter((entry) =>
          entry.endsWith('.xml'),
        ),
      ]
    } finally {
      await connection.close()
    }
  }

  /** A process of the daemon's, by its command. */
  async daemonProcess(command: string): Promise<number> {
    return await until(`the process ${command}`, () => findBelow(this.daemon.pid, command))
  }
}

export interface SpecParts {
  readonly file?: string
  readonly machine?: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

async function entriesBelow(root: string, folders: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true }).catch(() => [])
      return entries.map((entry) => `file ${join(folder, entry)}`)
    }),
  )
  return lists.flat()
}

export function tellEnd({ exitCode, signal, stdout, stderr }: Ended): string {
  return `exit code ${exitCode ?? '-'}, signal ${signal ?? '-'}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`
}

/** One world per test file, or a reason why there is none. */
export function describeE2e(title: string, tests: (world: () => World) => void): void {
  const reason = libvirtUnavailable()
  describe.skipIf(reason !== undefined)(reason === undefined ? title : `${title} [skipped: ${reason}]`, () => {
    let world: World | undefined
    beforeAll(async () => {
      world = await World.begin()
    })
    afterAll(() => world?.end())
    // A test that failed leaves things, and the next one is to be judged by its own.
    beforeEach(() => world?.remember())
    afterEach(() => world?.endTools())
    tests(() => {
      if (world === undefined) throw new Error('the world has not begun')
      return world
    })
  })
}

/** True, or undefined for {@link until}. */
export async function exists(file: string): Promise<true | undefined> {
  return await access(file).then(
    () => true as const,
    () => undefined,
  )
}
