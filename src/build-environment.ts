/** What a command that touches machines works in. In one file, so that it is loaded in one piece. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import envPaths from 'env-paths'
import { assetPath } from './assets.ts'
import type { MainWorld } from './cli/context.ts'
import { thisController } from './host/controller.ts'
import { processTable } from './host/process-identity.ts'
import { removableLoaderNames } from './media/removable-loader.ts'
import type { Environment } from './pipeline/environment.ts'
import { ownerOf } from './provider/mark.ts'
import { ProviderRegistry, type ProviderEntry } from './provider/registry.ts'
import { hostFactsFile } from './store/host-facts.ts'
import { withLock } from './store/lock.ts'
import { MachineStore } from './store/machine-store.ts'
import { Home } from './store/paths.ts'
import { version } from './version.ts'

export async function buildEnvironment(
  world: MainWorld,
  providerEntries: readonly ProviderEntry[],
): Promise<Environment> {
  const home = new Home(await homeFolder(world))
  const [processes, { user, machineId }] = await Promise.all([processTable(), thisController()])
  const registry = new ProviderRegistry(providerEntries, (provider, host) => ({
    env: world.env,
    platform: process.platform,
    uid: process.getuid?.(),
    now: world.now,
    bootId: processes.self.bootId,
    hostFacts: hostFactsFile(home.hostFacts(provider, host)),
    sharedLock: async (name, { signal }, work) => {
      // The verb is nothing to know here; the pid tells it.
      const request = { what: `the ${name}`, verb: '', processes, signal, waitMs: sharedLockWaitMs, busyHint }
      return await withLock(home.sharedLock(name), request, work)
    },
    recorder: { folder: home.recordersDir, command: [process.execPath, recorderProgram] },
  }))
  return {
    home,
    machines: new MachineStore(home),
    registry,
    processes,
    owner: ownerOf(user, machineId, home.root),
    toolVersion: version(),
    now: world.now,
    probeBinary: async (architecture) =>
      await readFile(assetPath('packages', 'boot-probe', 'bin', removableLoaderNames[architecture])),
  }
}

/** The build puts it above the folder of the chunks, of which this file is one. */
const recorderProgram = fileURLToPath(new URL('../recorder.js', import.meta.url))

/** A shared thing may be a medium of gigabytes that somebody else uploads. */
const sharedLockWaitMs = 30 * 60 * 1000
const busyHint = `It was waited for ${String(sharedLockWaitMs / 60_000)} minutes. Run the command again when the other one is done; if that one hangs, end it.`

async function homeFolder(world: MainWorld): Promise<string> {
  const given = world.env['AZL_VM_HOME']
  if (given !== undefined && given !== '') return path.resolve(world.cwd, given)
  return envPaths('azl-vm', { suffix: '' }).data
}
