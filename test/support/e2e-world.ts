/** The world of KVM's end-to-end tests: a libvirtd of its own, shared by the users. */
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from 'libvirt-ts'
import { buildTool, type BuiltTool } from './e2e-build.ts'
import { until } from './e2e-process.ts'
import { libvirtUnavailable, startLibvirtDaemon, type LibvirtDaemon } from './libvirt-daemon.ts'
import { findBelow } from './process-below.ts'
import { describeIn, ToolWorld, worldFolder, type RunOptions } from './tool-world.ts'

/** Puts the daemon's socket where a client looks for it, in a mount namespace of the command's own. */
const mountAtUsualSocket = 'mkdir -p /run/libvirt && mount --bind "$1" /run/libvirt && shift && exec "$@"'

export class World extends ToolWorld {
  override readonly provider = 'kvm'
  readonly daemon: LibvirtDaemon
  protected override readonly parts = { machine: { acceleration: 'emulated' } }

  private constructor(daemon: LibvirtDaemon, tool: BuiltTool, folder: string) {
    super(tool, folder)
    this.daemon = daemon
  }

  static async begin(): Promise<World> {
    const folder = await worldFolder()
    // A source that does not build starts no daemon.
    const tool = await buildTool()
    const daemon = await startLibvirtDaemon()
    return new World(daemon, tool, folder)
  }

  override async end(): Promise<void> {
    await this.daemon.stop()
    await super.end()
  }

  override get host(): string {
    return this.daemon.uri
  }

  override get env(): NodeJS.ProcessEnv {
    return { LIBVIRT_DEFAULT_URI: this.daemon.uri }
  }

  /** With the daemon's socket at its usual place, so that nothing needs to be named. */
  get atUsualSocket(): RunOptions {
    return {
      by: ['unshare', '--mount', 'sh', '-c', mountAtUsualSocket, 'sh', join(this.daemon.folder, 'run')],
      env: { LIBVIRT_DEFAULT_URI: undefined },
    }
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

  override async machineNames(): Promise<readonly string[]> {
    return (await this.virsh('list', '--all', '--name')).split('\n').filter((name) => name !== '')
  }

  /** By libvirt's account and by its folders. */
  protected override async inventory(): Promise<readonly string[]> {
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

async function entriesBelow(root: string, folders: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true }).catch(() => [])
      return entries.map((entry) => `file ${join(folder, entry)}`)
    }),
  )
  return lists.flat()
}

/** One world per test file, or a reason why there is none. */
export function describeE2e(title: string, tests: (world: () => World) => void): void {
  describeIn(title, { unavailable: libvirtUnavailable(), begin: () => World.begin() }, tests)
}
