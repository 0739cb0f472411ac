/** Where files of Debian's packages come from: this machine's apt, also for another architecture than its own. */
import { join } from 'node:path'
import { unpackDebianPackages } from '../../scripts/host-setup/debian-packages.mjs'
import { systemHost, type Host } from '../../scripts/host-setup/host.mjs'
import { hostWithOwnApt } from '../../scripts/host-setup/own-apt.mjs'
import { repositoryRoot } from './run-cli.ts'

export interface DebianSource {
  readonly host: Host
  /** What was unpacked is kept here. */
  readonly folder: string
}

const cache = join(repositoryRoot, '.cache')

export const thisMachine: DebianSource = { host: systemHost(), folder: join(cache, 'debian') }

/** This machine's package sources, read for arm64 with lists of the tests' own: apt's are left as they are. */
export function debianArm64(): DebianSource {
  const folder = join(cache, 'debian-arm64')
  const settings = ['APT::Architecture "arm64";', 'APT::Architectures { "arm64"; };']
  return { folder: join(folder, 'packages'), host: hostWithOwnApt(systemHost(), join(folder, 'apt'), settings) }
}

/** The folder that a package was unpacked in. */
export async function unpacked(name: string, { host, folder }: DebianSource = thisMachine): Promise<string> {
  const folders = await unpackDebianPackages(host, [name], folder)
  return folders[name] ?? ''
}
