/** What one VMware host offers: read once per run, read-only, serialisable. */
import { isAzlVmError } from '../../src/errors.ts'
import type { Architecture, Capabilities } from '../../src/provider/capabilities.ts'
import type { Call, Facts, Finding } from '../../src/provider/contract.ts'
import { isThere } from '../../src/store/is-there.ts'
import { pathsOf } from './names.ts'
import { defaultRoot } from './roots.ts'
import { howToInstall, whatIsMissing, type Session } from './session.ts'
import { hardwareVersion, isTooOld, type Product, type Tools } from './tools.ts'
import { loadModules } from './vmware-log.ts'

/** What the plan reads beside the neutral facts. */
export interface VmwareNative {
  readonly platform: NodeJS.Platform
  readonly product: Product['is']
  readonly hostArchitecture: Architecture
  readonly hardwareVersion: number
  /** Where machines are made for which nobody names a folder. */
  readonly root: string
  readonly tools: Tools
}

export function nativeOf(facts: Facts): VmwareNative {
  return facts.native as unknown as VmwareNative
}

const productNames: Readonly<Record<Product['is'], string>> = { workstation: 'Workstation', fusion: 'Fusion' }

/** An unready host is a finding. */
export async function readFacts(session: Session, call: Call): Promise<Facts> {
  const looked = await session.lookForTools(call)
  if ('missing' in looked) {
    const finding: Finding = {
      level: 'error',
      code: 'vmware-not-found',
      message: whatIsMissing(looked.missing),
      fix: howToInstall,
      error: 'tool-missing',
    }
    return { ...base(await assumedNative(session), [finding]), isReady: false }
  }
  try {
    const product = await session.product(call)
    const findings = [...productFindings(product), ...(await moduleFindings(session))]
    const native: VmwareNative = {
      platform: session.platform,
      product: product.is,
      hostArchitecture: hostArchitecture(),
      hardwareVersion: hardwareVersion(product),
      root: await defaultRoot(session.context),
      tools: looked,
    }
    return {
      ...base(native, findings),
      isReady: !findings.some(({ level }) => level === 'error'),
      versions: product.version === '' ? {} : { [product.is]: product.version },
    }
  } catch (error) {
    if (!isAzlVmError(error) || isAzlVmError(error, 'cancelled')) throw error
    const finding: Finding = {
      level: 'error',
      code: 'vmware-not-answering',
      message: error.message,
      fix: error.hint ?? howToInstall,
      error: error.code,
    }
    return { ...base(await assumedNative(session), [finding]), isReady: false }
  }
}

function productFindings(product: Product): readonly Finding[] {
  const name = productNames[product.is]
  if (isTooOld(product))
    return [
      {
        level: 'error',
        code: 'vmware-too-old',
        message: `VMware ${name} ${product.version} is older than azl-vm drives`,
        fix: howToInstall,
        error: 'tool-too-old',
      },
    ]
  if (product.version === '')
    return [
      {
        level: 'info',
        code: 'vmware-version-unknown',
        message: `the version of VMware ${name} could not be read; it is taken for 17.6 or 13.6`,
      },
    ]
  return [{ level: 'ok', code: 'vmware-version', message: `VMware ${name} ${product.version}` }]
}

/** Without its monitor no machine runs. On Windows and macOS it is the installer's affair. */
async function moduleFindings({ platform, places }: Session): Promise<readonly Finding[]> {
  if (platform !== 'linux' || (await isThere(pathsOf(platform).join(places.devices, 'vmmon')))) return []
  return [
    {
      level: 'error',
      code: 'vmmon-missing',
      message: 'VMware’s kernel module vmmon is not loaded: there is no /dev/vmmon',
      fix: loadModules,
      error: 'host-not-ready',
    },
  ]
}

/** Facts for a plan without a host: what Workstation or Fusion offers on such a computer. Marked as assumed. */
export function assumedFacts(facts: Facts): Facts {
  // An unready host's facts are assumed ones already, but for what they say of it.
  return { ...facts, isReady: true, isAssumed: true }
}

async function assumedNative(session: Session): Promise<VmwareNative> {
  const { platform } = session
  const tool = (name: string): string => (platform === 'win32' ? `${name}.exe` : name)
  return {
    platform,
    product: platform === 'darwin' ? 'fusion' : 'workstation',
    hostArchitecture: hostArchitecture(),
    hardwareVersion: 21,
    root: await defaultRoot(session.context),
    tools: {
      vmrun: tool('vmrun'),
      diskManager: tool('vmware-vdiskmanager'),
      vmcli: tool('vmcli'),
      window: platform === 'darwin' ? '/Applications/VMware Fusion.app' : tool('vmware'),
    },
  }
}

/** Workstation is x86_64 only; Fusion is built for both. */
function hostArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'aarch64' : 'x86_64'
}

function base(native: VmwareNative, findings: readonly Finding[]): Facts {
  return {
    provider: 'vmware',
    host: 'local',
    isReady: true,
    isAssumed: false,
    versions: {},
    capabilities: capabilitiesOf(native),
    findings,
    native: { ...native },
  }
}

/** Of a host with that processor and these tools. */
export function capabilitiesOf({
  hostArchitecture: architecture,
  tools,
}: Pick<VmwareNative, 'hostArchitecture'> & {
  readonly tools: Pick<Tools, 'vmcli' | 'window'>
}): Capabilities {
  return {
    architectures: [architecture],
    guests: {},
    // Nothing tells what Fusion's firmware for ARM does with it.
    secureBoot: architecture === 'x86_64',
    // It needs an encrypted machine, whose password would be an argument of every call of vmrun.
    tpm: false,
    nestedVirtualization: architecture === 'x86_64',
    systemPort: false,
    networkModes: ['nat', 'bridged', 'host-only', 'isolated'],
    // vmnet's NAT forwards by a file of the whole host.
    forward: false,
    console: {
      ports: ['system', 'firmware'],
      firmwareSpeaks: false,
      firstByte: true,
      reattach: true,
      drainsUnattended: true,
    },
    // vmrun's own needs a login in the guest.
    screenshot: tools.vmcli !== undefined,
    hostEvents: true,
    viewer: tools.window !== undefined,
    snapshots: { off: true, memory: true, tpm: false },
    linkedClones: true,
    exportFormats: ['vmdk'],
    remote: false,
  }
}
