import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import { exportFormats } from './export.ts'

/** VirtualBox runs guests of the host's own architecture only. */
export function capabilitiesOf(architecture: Architecture, hasHostOnly: boolean): Capabilities {
  const isX86 = architecture === 'x86_64'
  return {
    architectures: [architecture],
    guests: {},
    // Nobody has seen a guest on ARM with any of the three.
    secureBoot: isX86,
    tpm: isX86,
    nestedVirtualization: isX86,
    systemPort: false,
    networkModes: hasHostOnly ? ['nat', 'bridged', 'host-only', 'isolated'] : ['nat', 'bridged', 'isolated'],
    forward: true,
    console: {
      ports: ['system', 'firmware'],
      // Its EFI has no words for what it boots: decision 0043.
      firmwareSpeaks: false,
      firstByte: true,
      reattach: true,
      drainsUnattended: true,
    },
    screenshot: true,
    hostEvents: false,
    viewer: true,
    snapshots: { off: true, memory: true, tpm: true },
    linkedClones: true,
    exportFormats,
    remote: false,
  }
}
