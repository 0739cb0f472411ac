/** What one libvirt offers guests of each architecture. */
import { isLibvirtError, isUnsupported, type Connection } from 'libvirt-ts'
import type { Architecture, GuestCapabilities } from '../../src/provider/capabilities.ts'
import type { Call, Finding } from '../../src/provider/contract.ts'
import { boards } from './boards.ts'
import type { FirmwareDescriptor } from './firmware.ts'
import { parseXml } from './xml-reader.ts'

export interface Guest {
  readonly architecture: Architecture
  readonly emulator: string
  readonly hasKvm: boolean
  readonly isFirmwareAutomatic: boolean
  readonly isSecureBootPossible: boolean
  readonly hasTpm: boolean
  /** Processors that the machine type takes; undefined: libvirt does not say. */
  readonly maxCpus: number | undefined
}

const architectures = Object.keys(boards) as readonly Architecture[]

export async function readGuests(connection: Connection, call: Call): Promise<readonly Guest[]> {
  const guests = await Promise.all(architectures.map((architecture) => readGuest(connection, architecture, call)))
  return guests.filter((guest) => guest !== undefined)
}

/** Undefined where libvirt has no emulator for the architecture. */
async function readGuest(connection: Connection, architecture: Architecture, call: Call): Promise<Guest | undefined> {
  const query = { arch: architecture, machine: boards[architecture].machine }
  const read = async (virtType: 'kvm' | 'qemu') =>
    parseXml(withoutCpuModels(await connection.domainCapabilities({ ...query, virtType }, call)))
  const [emulated, accelerated] = await Promise.all([
    read('qemu').catch(undefinedIfCannot),
    read('kvm').catch(undefinedIfCannot),
  ])
  const known = emulated ?? accelerated
  if (!known) return undefined
  const values = (...path: readonly string[]): readonly string[] =>
    known.all(...path, 'value').map((value) => value.text)
  const enumOf = (name: string): readonly string[] =>
    known
      .all('os', 'enum')
      .filter((entry) => entry.attribute('name') === name)
      .flatMap((entry) => entry.all('value').map((value) => value.text))
  const secure = known.all('os', 'loader', 'enum').find((entry) => entry.attribute('name') === 'secure')
  const maxCpus = known.find('vcpu')?.attribute('max')
  return {
    architecture,
    emulator: known.find('path')?.text ?? '',
    hasKvm: accelerated !== undefined,
    isFirmwareAutomatic: enumOf('firmware').includes('efi'),
    isSecureBootPossible:
      secure?.all('value').some((value) => value.text === 'yes') === true && values('os', 'loader').length > 0,
    hasTpm: known.find('devices', 'tpm')?.attribute('supported') === 'yes',
    maxCpus: maxCpus === undefined ? undefined : Number(maxCpus),
  }
}

/** The list of processor models is nine tenths of the document, and nothing here reads it. */
function withoutCpuModels(xml: string): string {
  const [from, to] = [xml.indexOf('<cpu>'), xml.indexOf('</cpu>')]
  return from < 0 || to < from ? xml : xml.slice(0, from) + xml.slice(to + '</cpu>'.length)
}

/** "This libvirt cannot" is an answer; a line that broke, missing rights and an abort are not. */
export function undefinedIfCannot(error: unknown): undefined {
  if (isUnsupported(error) || isLibvirtError(error, 'invalid-arg', 'internal-error')) return undefined
  throw error
}

export function guestCapabilitiesOf(guest: Guest): GuestCapabilities {
  const board = boards[guest.architecture]
  return {
    secureBoot: guest.isSecureBootPossible,
    tpm: guest.hasTpm,
    nestedVirtualization: guest.hasKvm && board.nestingFeatures.length > 0,
    systemPort: board.serialTargets.length > 1,
  }
}

/** What installs QEMU and the firmware for guests of an architecture. */
export function installCommand(architecture: Architecture): string {
  const { emulator, firmware } = boards[architecture].packages
  return `on Debian and Ubuntu \`sudo apt-get install ${emulator} ${firmware}\``
}

interface HostFacts {
  readonly hostArchitecture: string
  readonly descriptors: readonly FirmwareDescriptor[]
}

export function hasFirmware(
  architecture: Architecture,
  isAutomatic: boolean,
  descriptors: readonly FirmwareDescriptor[],
): boolean {
  return isAutomatic || descriptors.some((descriptor) => descriptor.architectures.includes(architecture))
}

export function guestFindings(guests: readonly Guest[], host: HostFacts): readonly Finding[] {
  const isReady = (guest: Guest): boolean =>
    hasFirmware(guest.architecture, guest.isFirmwareAutomatic, host.descriptors)
  const isAnyReady = guests.some(isReady)
  return guests.flatMap((guest) => [
    firmwareFinding(guest, isReady(guest), isAnyReady),
    ...accelerationFindings(guest, host),
    ...(guest.hasTpm ? [] : [tpmMissing(guest)]),
  ])
}

function firmwareFinding(guest: Guest, isReady: boolean, isAnyReady: boolean): Finding {
  const { architecture } = guest
  if (isReady) {
    return {
      level: 'ok',
      code: 'firmware',
      message: `UEFI firmware for ${architecture} guests is there${guest.isSecureBootPossible ? ', also with Secure Boot' : ''}`,
    }
  }
  const fedora = architecture === 'x86_64' ? 'edk2-ovmf' : 'edk2-aarch64'
  const missing = {
    code: 'firmware-missing',
    message: `there is no UEFI firmware for ${architecture} guests`,
    fix: `Install it: on Debian and Ubuntu \`sudo apt-get install ${boards[architecture].packages.firmware}\`, on Fedora \`sudo dnf install ${fedora}\`, on Arch \`sudo pacman -S ${fedora}\`.`,
  }
  // Guests of the other architecture can be run all the same.
  return isAnyReady ? { ...missing, level: 'info' } : { ...missing, level: 'error', error: 'host-not-ready' }
}

function accelerationFindings({ architecture, hasKvm }: Guest, { hostArchitecture }: HostFacts): readonly Finding[] {
  if (hasKvm) {
    return [
      {
        level: 'ok',
        code: 'kvm-offered',
        message: 'libvirt offers KVM; whether guests really run with it shows at the first start',
      },
    ]
  }
  if (hostArchitecture !== '' && architecture !== hostArchitecture) {
    return [
      {
        level: 'info',
        code: 'guests-emulated',
        message: `${architecture} guests are emulated on this ${hostArchitecture} host, which is slow`,
      },
    ]
  }
  return [
    {
      level: 'warning',
      code: 'kvm-missing',
      message: 'libvirt offers no KVM: guests are emulated, which is slow',
      fix: 'Switch on virtualization in the computer’s firmware, and see that /dev/kvm belongs to the group kvm: `sudo chgrp kvm /dev/kvm && sudo chmod 0660 /dev/kvm`.',
    },
  ]
}

function tpmMissing({ architecture }: Guest): Finding {
  return {
    level: 'warning',
    code: 'tpm-missing',
    message: `there is no virtual TPM for ${architecture} guests`,
    fix: 'Install swtpm: on Debian and Ubuntu `sudo apt-get install swtpm swtpm-tools`.',
  }
}
