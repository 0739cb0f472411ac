/** What an end-to-end test stands on, whichever the hypervisor: the tool as it is now, and users who share a host. */
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { Home } from '../../src/store/paths.ts'
import type { BuiltTool } from './e2e-build.ts'
import { ToolProcess, type Ended } from './e2e-process.ts'
import { describeWhere } from './describe-where.ts'

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
  readonly member: 'snapshot' | 'restore' | 'deleteSnapshot' | 'clone' | 'exportDisk'
  /** At the n-th thing that it asks of the hypervisor, where 1 is the first; or when it has done its work. */
  readonly step: number | 'end'
}

export interface RunOptions {
  /** Undefined takes one of the world's own away. */
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly stdin?: string
  readonly fault?: JournalFault
  readonly actFault?: ActFault
  /** As a user without any rights. */
  readonly isNobody?: boolean
  /** A program with arguments, by which the command is run. */
  readonly by?: readonly [file: string, ...args: string[]]
}

/** One owner: an AZL_VM_HOME. */
export class User {
  readonly home: string
  readonly #world: ToolWorld

  constructor(world: ToolWorld, home: string) {
    this.#world = world
    this.home = home
  }

  spawn(argv: readonly string[], options: RunOptions = {}): ToolProcess {
    const { folder, tool } = this.#world
    const script = options.actFault ? tool.killedAct : options.fault ? tool.killedUp : tool.cli
    const run = [process.execPath, script, ...argv] as const
    const asWhom = options.isNobody
      ? (['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...run] as const)
      : run
    const by = options.by ?? this.#world.by
    const command = by ? ([...by, ...asWhom] as const) : asWhom
    const env = {
      PATH: process.env['PATH'],
      HOME: this.home,
      AZL_VM_HOME: this.home,
      ...this.#world.env,
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

  journalFile(machine: string): string {
    const { provider, host } = this.#world
    return new Home(this.home).machine(provider, host, machine).journal
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

export interface SpecParts {
  readonly file?: string
  readonly machine?: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

export abstract class ToolWorld {
  readonly tool: BuiltTool
  /** Others may pass through it. */
  readonly folder: string
  /** By which name and address the tool knows the hypervisor. */
  abstract readonly provider: string
  abstract readonly host: string
  /** How the tool comes to it. */
  abstract readonly env: NodeJS.ProcessEnv
  /** What runs each command that does not say it itself. */
  readonly by: RunOptions['by']
  /** What a spec of a small machine says for this hypervisor, unless it says otherwise. */
  protected abstract readonly parts: { readonly machine?: object; readonly [key: string]: unknown }
  #before: ReadonlySet<string> = new Set()
  #users = 0
  #running: ToolProcess[] = []

  protected constructor(tool: BuiltTool, folder: string) {
    this.tool = tool
    this.folder = folder
  }

  /** All that is on the host, of whomever. */
  protected abstract inventory(): Promise<readonly string[]>

  /** The machines on the host, of whomever. */
  abstract machineNames(): Promise<readonly string[]>

  async end(): Promise<void> {
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
    const home = this.path(`home-${this.#users}`)
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
      ...this.parts,
      machine: { memory: '256MiB', cpus: 1, disks: [{ size: '64MiB' }], ...this.parts.machine, ...machine },
      ...rest,
    }
    return await this.write(file ?? `${name}.yaml`, JSON.stringify(spec))
  }

  /** What {@link changes} are told from: what is there now. */
  async remember(): Promise<void> {
    this.#before = new Set(await this.inventory())
  }

  /** What came to the host since the test began, and what went from it. */
  async changes(): Promise<{ readonly came: readonly string[]; readonly gone: readonly string[] }> {
    const now = new Set(await this.inventory())
    return {
      came: [...now].filter((thing) => !this.#before.has(thing)),
      gone: [...this.#before].filter((thing) => !now.has(thing)),
    }
  }

  /** All that is on the host and was not there when the test began. */
  async leftBehind(): Promise<readonly string[]> {
    return (await this.changes()).came
  }
}

/** A folder for a world. */
export async function worldFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-vm-e2e-'))
  await chmod(folder, 0o755)
  return folder
}

/** One world per test file, or the reason why there is none. */
export function describeIn<W extends ToolWorld>(
  title: string,
  { unavailable, begin }: { readonly unavailable: string | undefined; readonly begin: () => Promise<W> },
  tests: (world: () => W) => void,
): void {
  describeWhere(title, unavailable, () => {
    let world: W | undefined
    beforeAll(async () => {
      world = await begin()
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

export function tellEnd({ exitCode, signal, stdout, stderr }: Ended): string {
  return `exit code ${exitCode ?? '-'}, signal ${signal ?? '-'}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`
}

/** True, or undefined for {@link until}. */
export async function exists(file: string): Promise<true | undefined> {
  return await access(file).then(
    () => true as const,
    () => undefined,
  )
}
