/** From `source` to a medium that may be booted: found, looked into, hashed, its promise kept. */
import path from 'node:path'
import type { EventBus } from '../events/event-bus.ts'
import { hashFile, verifyChecksum } from '../media/hash-file.ts'
import { inspectBootMedium, requireArchitecture } from '../media/inspect-iso.ts'
import { ensureProbeIso } from '../media/probe-iso.ts'
import type { Medium } from '../provider/machine.ts'
import type { LoadedSpec } from '../spec/loaded-spec.ts'
import type { Environment } from './environment.ts'

export interface PreparedMedium {
  readonly medium: Medium
  readonly volumeLabel: string
  /** `checksum`: the spec's checksum holds. `unverified`: nobody promised anything. `own`: azl-vm made it. */
  readonly trust: 'checksum' | 'unverified' | 'own'
}

export async function prepareMedium(
  environment: Environment,
  loaded: LoadedSpec,
  bus: EventBus,
  signal: AbortSignal,
): Promise<PreparedMedium> {
  const { source, arch } = loaded.spec
  const cacheDir = environment.home.cacheDir
  if ('probe' in source) {
    const binary = await environment.probeBinary(arch)
    const iso = await ensureProbeIso(path.join(cacheDir, 'probe'), { arch, then: source.probe.then, binary })
    return { medium: iso, volumeLabel: iso.volumeLabel, trust: 'own' }
  }
  const found = await inspectBootMedium(source.iso, { signal })
  requireArchitecture(found, arch)
  const progress = (doneBytes: number, totalBytes: number): void => {
    bus.emit({ type: 'step-progress', id: 'hash', doneBytes, totalBytes })
  }
  const sha256 = await bus.step('hash', `hash ${path.basename(found.path)}`, () =>
    hashFile(found.path, { cacheDir, signal, onProgress: progress }),
  )
  if (source.checksum !== undefined) verifyChecksum(source.checksum, sha256, found.path)
  return {
    medium: { path: found.path, sizeBytes: found.sizeBytes, sha256 },
    volumeLabel: found.volumeLabel,
    trust: source.checksum === undefined ? 'unverified' : 'checksum',
  }
}
