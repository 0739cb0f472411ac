/** The one file that knows which providers exist; puts the parts of the application together. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { assetPath } from './assets.ts'
import type { App } from './commands/app.ts'
import type { MainWorld } from './cli/context.ts'
import { AzlVmError } from './errors.ts'
import type { Environment } from './pipeline/environment.ts'
import type { ProviderEntry } from './provider/registry.ts'
import { version } from './version.ts'

/** In the order in which `provider: auto` tries them. */
const providerEntries: readonly ProviderEntry[] = [
  {
    name: 'kvm',
    title: 'KVM and QEMU through libvirt',
    load: async () => (await import('../providers/kvm/index.ts')).definition,
  },
]

export function compose(world: MainWorld): Promise<App> {
  let environment: Promise<Environment> | undefined
  return Promise.resolve({
    specProviders: async () => ({ kvm: (await import('../providers/kvm/options.ts')).kvmOptions }),
    environment: () => (environment ??= buildEnvironment(world)),
  })
}

/** Built when a command first needs it: `validate` and `schema` never do. */
async function buildEnvironment(world: MainWorld): Promise<Environment> {
  const [
    { Home },
    { MachineStore },
    { hostFactsFile },
    { withLock },
    { processTable },
    { thisController },
    { ownerOf },
    { ProviderRegistry },
  ] = await Promise.all([
    import('./store/paths.ts'),
    import('./store/machine-store.ts'),
    import('./store/host-facts.ts'),
    import('./store/lock.ts'),
    import('./host/process-identity.ts'),
    import('./host/controller.ts'),
    import('./provider/mark.ts'),
    import('./provider/registry.ts'),
  ])
  const home = new Home(await homeFolder(world))
  const [processes, { user, machineId }] = await Promise.all([processTable(), thisController()])
  const registry = new ProviderRegistry(providerEntries, (provider, host) => ({
    env: world.env,
    platform: process.platform,
    uid: process.getuid?.(),
    now: world.now,
    bootId: processes.self.bootId,
    hostFacts: hostFactsFile(home.hostFacts(provider, host)),
    sharedLock: async (name, work) => {
      const request = {
        what: name,
        verb: 'another command',
        processes,
        signal: new AbortController().signal,
        waitMs: sharedLockWaitMs,
      }
      return await withLock(home.sharedLock(name), request, work)
    },
  }))
  return {
    home,
    machines: new MachineStore(home),
    registry,
    processes,
    owner: ownerOf(user, machineId, home.root),
    toolVersion: version(),
    now: world.now,
    probeBinary: async (architecture) => await readProbe(architecture),
  }
}

/** A shared thing may be a medium of gigabytes that somebody else uploads. */
const sharedLockWaitMs = 30 * 60 * 1000

async function homeFolder(world: MainWorld): Promise<string> {
  const given = world.env['AZL_VM_HOME']
  if (given !== undefined && given !== '') return path.resolve(world.cwd, given)
  const { default: envPaths } = await import('env-paths')
  return envPaths('azl-vm', { suffix: '' }).data
}

const probeFiles: Readonly<Record<string, string>> = { x86_64: 'BOOTX64.EFI' }

async function readProbe(architecture: string): Promise<Uint8Array> {
  const file = probeFiles[architecture]
  if (file === undefined) {
    throw new AzlVmError('not-supported', `the boot probe is not built for ${architecture} yet`, {
      hint: 'Use arch: x86_64, or an ISO.',
    })
  }
  return await readFile(assetPath('packages', 'boot-probe', 'bin', file))
}
