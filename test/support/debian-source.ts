/** Where files of Debian's packages come from: this machine's apt, also for another architecture than its own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackDebianPackages } from '../../scripts/host-setup/debian-packages.mjs'
import { systemHost, type Host } from '../../scripts/host-setup/host.mjs'
import { repositoryRoot } from './run-cli.ts'

export interface DebianSource {
  readonly host: Host
  /** What was unpacked is kept here. */
  readonly folder: string
}

const cache = join(repositoryRoot, '.cache')

export const thisMachine: DebianSource = { host: systemHost(), folder: join(cache, 'debian') }

/** This machine's package sources, read for arm64 with lists of the tests' own: apt's are left as they are. */
export async function debianArm64(): Promise<DebianSource> {
  const folder = join(cache, 'debian-arm64')
  const apt = join(folder, 'apt')
  for (const each of ['lists/partial', 'cache/archives/partial']) await mkdir(join(apt, each), { recursive: true })
  await writeFile(join(apt, 'status'), '')
  const file = join(apt, 'apt.conf')
  // Read before the machine's own settings (apt.conf(5)), which name none of these.
  const settings = [
    'APT::Architecture "arm64";',
    'APT::Architectures { "arm64"; };',
    `Dir::State "${apt}";`,
    `Dir::State::lists "${join(apt, 'lists')}";`,
    `Dir::State::status "${join(apt, 'status')}";`,
    `Dir::Cache "${join(apt, 'cache')}";`,
    'Acquire::Languages "none";',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
    'APT::Sandbox::User "root";',
    '',
  ]
  await writeFile(file, settings.join('\n'))
  const host = systemHost()
  const withConfig = (options: Parameters<Host['capture']>[2]) => ({
    ...options,
    env: { ...options?.env, APT_CONFIG: file },
  })
  return {
    folder: join(folder, 'packages'),
    host: {
      ...host,
      capture: (command, args, options) => host.capture(command, args, withConfig(options)),
      run: (command, args, options) => host.run(command, args, withConfig(options)),
    },
  }
}

/** The folder that a package was unpacked in. */
export async function unpacked(name: string, { host, folder }: DebianSource = thisMachine): Promise<string> {
  const folders = await unpackDebianPackages(host, [name], folder)
  return folders[name] ?? ''
}
