import { randomBytes, randomUUID } from 'node:crypto'
import type { MachineRequest, Medium } from '../provider/machine.ts'
import type { Mark } from '../provider/mark.ts'
import type { Architecture } from '../provider/capabilities.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import type { Environment } from './environment.ts'
import type { Minted } from './journal.ts'

/** Chooses all that can be chosen before planning: id, MAC addresses. Plans of the same mint are the same. */
export function mint(environment: Environment, loaded: LoadedSpec, runId: string, installer: Medium): Minted {
  return {
    ref: { name: loaded.spec.name, id: randomUUID() },
    runId,
    macs: loaded.spec.machine.networks.map((network) => (network.mac === 'auto' ? mintMac() : network.mac)),
    created: environment.now().toISOString(),
    installer,
  }
}

/** A unicast, locally administered address with QEMU's usual prefix 52:54:00, which VM tools recognise. */
export function mintMac(): string {
  return ['52', '54', '00', ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}

export function requestFrom(
  environment: Environment,
  loaded: LoadedSpec,
  minted: Minted,
  provider: string,
  architecture: Architecture,
): MachineRequest {
  const { spec } = loaded
  const mark: Mark = {
    v: 1,
    tool: `azl-vm ${environment.toolVersion}`,
    owner: environment.owner,
    runId: minted.runId,
    machineId: minted.ref.id,
    name: spec.name,
    creator: environment.processes.self,
    phase: 'creating',
    specDigest: loaded.digest,
    created: minted.created,
    ...(spec.expires === undefined
      ? {}
      : { expires: new Date(Date.parse(minted.created) + spec.expires).toISOString() }),
    installer: { sha256: minted.installer.sha256, fileName: baseName(minted.installer.path) },
    provider: {},
  }
  return {
    ref: minted.ref,
    spec,
    options: loaded.providerOptions(provider),
    architecture,
    mark,
    macs: minted.macs,
    installer: minted.installer,
  }
}

function baseName(file: string): string {
  return file.split(/[/\\]/).at(-1) ?? file
}
