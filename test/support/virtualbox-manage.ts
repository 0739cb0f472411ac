/** The real VBoxManage for tests: what scripts/host-setup/virtualbox.mjs unpacked, with a registry of its own. */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { virtualBoxUsr } from '../../scripts/host-setup/virtualbox.mjs'
import { repositoryRoot } from './run-cli.ts'

/** Why the real VBoxManage cannot run here; undefined where it can. */
export function missingForVirtualBox(): string | undefined {
  if (process.platform !== 'linux') return 'VBoxManage for tests is Linux’s'
  if (process.getuid?.() !== 0) return 'showing VBoxManage a /usr of its own needs root'
  if (!existsSync(virtualBoxUsr(repositoryRoot))) return 'VirtualBox was not to be had when the tests were set up'
  return undefined
}

export interface VirtualBox {
  /** Home of its registry, and where machines are made. */
  readonly folder: string
  /** What makes VirtualBox's programs use this registry. */
  readonly env: Readonly<Record<'VBOX_USER_HOME' | 'VBOX_IPC_SOCKETID', string>>
  manage(
    ...args: readonly string[]
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>
  /** Ends its VBoxSVC, which would leave by itself only after seconds; the next call begins another. */
  endService(): Promise<void>
  stop(): Promise<void>
}

/** The unpacked programs are shown as /usr in a mount namespace of the call's own; paths are the host's all the same. */
const script = 'mount --bind "$1" /usr && shift && exec /usr/lib/virtualbox/VBoxManage "$@"'

export async function openVirtualBox(): Promise<VirtualBox> {
  const folder = await mkdtemp(join(tmpdir(), 'azl-vbox-'))
  const socketId = basename(folder)
  const env = { VBOX_USER_HOME: join(folder, 'home'), VBOX_IPC_SOCKETID: socketId }
  const shell = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', virtualBoxUsr(repositoryRoot)]
  const manage: VirtualBox['manage'] = async (...args) => {
    const { exitCode = 1, stdout, stderr } = await execa('unshare', [...shell, ...args], { env, reject: false })
    return { exitCode, stdout, stderr }
  }
  const { exitCode, stderr } = await manage('setproperty', 'machinefolder', join(folder, 'machines'))
  if (exitCode !== 0) throw new Error(stderr)
  const endService = async (): Promise<void> => {
    for (const pid of await processesWith(`VBOX_IPC_SOCKETID=${socketId}`)) process.kill(pid, 'SIGKILL')
    await rm(join(tmpdir(), `.vbox-${socketId}-ipc`), { recursive: true, force: true })
  }
  return {
    folder,
    env,
    manage,
    endService,
    stop: async () => {
      await endService()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function processesWith(variable: string): Promise<readonly number[]> {
  const found = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const environment = await readFile(join('/proc', name, 'environ'), 'latin1').catch(() => '')
    if (environment.split('\0').includes(variable)) found.push(Number(name))
  }
  return found
}
