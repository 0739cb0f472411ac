/** The Hyper-V simulator's programs, built once for the digest of their sources by the machine's own .NET SDK and NuGet settings. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { execa } from 'execa'
import { processTable } from '../../src/host/process-identity.ts'
import { withLock } from '../../src/store/lock.ts'
import { writeSources } from '../simulators/hyperv/generate/write-sources.ts'
import { repositoryRoot } from './run-cli.ts'
import { silentFirmware, silentFirmwareNames, silentFirmwareSource } from './silent-firmware.ts'

const sources = join(repositoryRoot, 'test', 'simulators', 'hyperv')
const cache = join(repositoryRoot, '.cache', 'hyperv-simulator')

/** For the environment, `AZL_SIM_QEMU`: what turns a described machine into commands; the simulator runs it by Node. */
export const qemuCommands = join(repositoryRoot, 'test', 'simulators', 'qemu', 'commands.mjs')

/** Restoring from a slow feed and compiling on a busy machine, milliseconds. */
const buildLimitMs = 900_000

/** Why the simulator cannot run on this machine; undefined where it can. */
export async function missingForSimulator(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'the Hyper-V simulator runs its machines on Linux'
  const { stdout, failed } = await execa('dotnet', ['--list-sdks'], { reject: false })
  const absent = 'the .NET SDK 10 is not installed'
  // Where there is no dotnet at all, there is no output either.
  if (failed) return absent
  const versions = stdout.split('\n').map((line) => Number.parseInt(line, 10) || 0) // 10.0.401 [/usr/share/dotnet/sdk]
  if (Math.max(0, ...versions) < 10) return absent
  return undefined
}

/** Of all that the programs are made from. */
export async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(silentFirmwareSource))
  for (const folder of [sources, join(repositoryRoot, 'test', 'fixtures', 'hyperv')]) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
      .map((entry) => join(entry.parentPath, entry.name))
    for (const file of files.sort()) hash.update(`${relative(folder, file)}\0`).update(await readFile(file))
  }
  return hash.digest('hex').slice(0, 16)
}

/** The folder of the built program; the first caller builds, the others wait for it. */
export async function buildSimulator(): Promise<string> {
  return await onceBuilt(join(cache, await digestOfSources()), async (folder) => {
    await writeSources(sources, folder)
    await dotnet(folder, 'build', 'simulator.slnx')
    // Over the built one, compiled ahead of time: the tests start it hundreds of times, and each start took twice as long.
    await publishHost(folder, join(folder, 'out', 'Host'), '--use-current-runtime', '--no-self-contained')
    await mkdir(join(folder, 'out', 'firmware'))
    for (const name of silentFirmwareNames)
      await copyFile(await silentFirmware(name), join(folder, 'out', 'firmware', name))
    return join(folder, 'out')
  })
}

/** Publishes the host program with its .NET runtime for Windows into `folder`. */
export async function publishForWindows(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.sources-`)
  try {
    await writeSources(sources, work)
    await publishHost(work, folder, '-r', 'win-x64', '--self-contained')
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function publishHost(sourceFolder: string, folder: string, ...options: readonly string[]): Promise<void> {
  await dotnet(sourceFolder, 'publish', 'host/Host.csproj', '-o', folder, ...options)
}

async function dotnet(cwd: string, ...args: readonly string[]): Promise<void> {
  await execa('dotnet', [...args, '-c', 'Release', '-v', 'quiet', '-nodeReuse:false'], {
    cwd,
    all: true,
    timeout: buildLimitMs,
  })
}

/** The folder `built`; where it is not there, `build` fills a new one beside it and says what of that it is to be. */
export async function onceBuilt(built: string, build: (folder: string) => Promise<string>): Promise<string> {
  await mkdir(dirname(built), { recursive: true })
  const request = {
    what: `the build of ${built}`,
    verb: 'test',
    processes: await processTable(),
    signal: AbortSignal.timeout(buildLimitMs),
    waitMs: buildLimitMs,
  }
  await withLock(`${built}.lock`, request, async () => {
    if (await isThere(built)) return
    const folder = await mkdtemp(join(dirname(built), 'build-'))
    try {
      await rename(await build(folder), built)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
  return built
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
